//! What can go wrong, with the name of the function or of the global that it is about.
use crate::remedies::names;
use std::fmt;
use std::path::PathBuf;

/// A symbol as the source has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Symbol(String);

impl Symbol {
    pub(crate) fn new(name: &str) -> Self {
        Self(format!("{:#}", rustc_demangle::demangle(names::source(name))))
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

/// Why there is no program.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// A file could not be read or written.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// An input is something else.
    #[error("{}: neither LLVM bitcode nor an archive of it", path.display())]
    NotBitcode {
        /// The input.
        path: PathBuf,
    },
    /// The inputs do not fit together.
    #[error("cannot link the inputs: {0}")]
    Merge(String),
    /// The program does not say where it begins.
    #[error(
        "there is no function `entrypoint`: the program needs `entrypoint!` or the attribute of its framework"
    )]
    NoEntrypoint,
    /// A function needs more stack than a frame has.
    #[error(
        "the stack frame of {function} takes {} bytes, the VM gives 4096: box large values, or split the function",
        size.map_or("more".to_owned(), |x| x.to_string())
    )]
    StackFrame {
        /// The function.
        function: Symbol,
        /// Its bytes, where LLVM says them.
        size: Option<u64>,
    },
    /// A program has no writable memory but stack and heap.
    #[error("the static {global} is writable (used by {function}): a program may have constants only")]
    WritableStatic {
        /// The static.
        global: Symbol,
        /// A function that uses it.
        function: Symbol,
    },
    /// Neither the program nor the VM has it.
    #[error(
        "unresolved symbol {symbol}, used by {function}: it is neither in the program nor a syscall of the VM"
    )]
    Unresolved {
        /// What is missing.
        symbol: Symbol,
        /// A function that uses it.
        function: Symbol,
    },
    /// The VM cannot do it, and there is no remedy.
    #[error("unsupported in the VM: {what}, in {function}")]
    Unsupported {
        /// The instruction, the intrinsic or the type.
        what: String,
        /// The function it stands in.
        function: Symbol,
    },
    /// A routine of the compiler's own library is absent.
    #[error(
        "{function} needs the routine `{routine}`, which no input defines: the program must depend on its std"
    )]
    NoRoutine {
        /// The routine.
        routine: String,
        /// The function that needs it.
        function: Symbol,
    },
    /// LLVM reported an error about one function.
    #[error("cannot compile {function}: {message}")]
    Function {
        /// The function.
        function: Symbol,
        /// LLVM's words.
        message: String,
    },
    /// LLVM reported an error about none.
    #[error("LLVM: {0}")]
    Llvm(String),
    /// The object does not become a program.
    #[error("cannot make a program of the object: {0}")]
    Program(String),
    /// More than one of these.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\nerror: "))]
    Several(Vec<LinkError>),
}

impl LinkError {
    /// One error of many; `None` of none.
    pub(crate) fn join(mut errors: Vec<Self>) -> Option<Self> {
        match errors.len() {
            0 | 1 => errors.pop(),
            _ => Some(Self::Several(errors)),
        }
    }

    /// The function whose frame is known to be too large.
    pub(crate) fn oversized(&self) -> Option<&Symbol> {
        match self {
            Self::StackFrame { function, size: Some(_) } => Some(function),
            _ => None,
        }
    }

    /// Whether this only repeats that one of these functions has too large a frame.
    pub(crate) fn is_offset_of(&self, oversized: &[Symbol]) -> bool {
        matches!(self, Self::StackFrame { function, size: None } if oversized.contains(function))
    }

    /// The error in what LLVM says as it gives up.
    pub(crate) fn fatal(reason: &str) -> Self {
        match reason.rsplit_once("In function: ") {
            Some((message, function)) => Self::Function {
                function: Symbol::new(function.trim()),
                message: message.split_whitespace().collect::<Vec<_>>().join(" "),
            },
            None => Self::Llvm(reason.trim().to_owned()),
        }
    }

    /// The error in a diagnostic, if it is about a limit or an error of its own.
    pub(crate) fn diagnostic(text: &str, is_error: bool) -> Option<Self> {
        if let Some((size, rest)) = text
            .split_once("stack frame size (")
            .and_then(|x| x.1.split_once(") exceeds limit (4096) in function '"))
        {
            let function = Symbol::new(rest.trim_end().trim_end_matches('\''));
            return Some(Self::StackFrame { function, size: size.parse().ok() });
        }
        if !is_error {
            return None;
        }
        // "<unknown>:0:0: in function NAME TYPE: MESSAGE"
        let Some((_, rest)) = text.split_once("in function ") else {
            return Some(Self::Llvm(text.trim().to_owned()));
        };
        let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let message = rest.split_once(": ").map_or(rest, |x| x.1).trim();
        let function = Symbol::new(name);
        if message.contains("stack limit is exceeded") {
            return Some(Self::StackFrame { function, size: None });
        }
        Some(Self::Function { function, message: message.to_owned() })
    }
}
