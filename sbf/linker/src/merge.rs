//! All inputs as one optimised module.
use crate::remedies::ROUTINES;
use crate::{LinkError, Optimize};
use bpf_linker::{Cpu, Linker, LinkerInput, LinkerOptions, OptLevel, OutputType};
use object::{Object as _, ObjectSection as _, SectionKind};
use std::path::{Path, PathBuf};

/// LLVM's own options.
///
/// One frame of the VM has 4,096 bytes; the back end refuses what reaches that offset, so its bound is one
/// more, and the exact one is checked on the frame as a whole. Divisions beyond 128 bits become loops. The
/// last two keep LLVM from obscuring comparisons for the sake of the kernel's verifier, which costs instructions.
const LLVM_OPTIONS: [&std::ffi::CStr; 4] = [
    c"--bpf-stack-size=4097",
    c"-expand-div-rem-bits=128",
    c"-bpf-disable-serialize-icmp",
    c"-bpf-disable-avoid-speculation",
];

/// Links and optimises; the result is bitcode.
pub(crate) fn merge(inputs: &[PathBuf], optimize: Optimize) -> Result<Vec<u8>, LinkError> {
    let mut files = Vec::new();
    for path in inputs {
        files.push((path.display().to_string(), read(path)?));
    }
    let linker = linker(optimize);
    let buffers = files.iter().map(|(name, bytes)| LinkerInput::new_from_buffer(name, bytes));
    let exports = ROUTINES.iter().copied().chain(["entrypoint"]);
    let linked = linker
        .link_to_buffer(buffers, OutputType::Bitcode, exports)
        .map_err(|error| LinkError::Merge(error.to_string()))?;
    if linker.has_errors() {
        return Err(LinkError::Merge("LLVM reported an error while it optimised them".to_owned()));
    }
    Ok(linked.as_slice().to_vec())
}

/// Bitcode that was merged before.
pub(crate) fn prepared(input: &Path) -> Result<Vec<u8>, LinkError> {
    let bytes = read(input)?;
    // making a linker is what initialises LLVM
    drop(linker(Optimize::Three));
    Ok(bytes)
}

fn linker(optimize: Optimize) -> Linker {
    let linker = Linker::new(LinkerOptions {
        target: None,
        cpu: Cpu::V2,
        cpu_features: crate::FEATURES.to_owned(),
        optimize: match optimize {
            Optimize::Two => OptLevel::Default,
            Optimize::Three => OptLevel::Aggressive,
            Optimize::S => OptLevel::Size,
            Optimize::Z => OptLevel::SizeMin,
        },
        unroll_loops: false,
        ignore_inline_never: false,
        llvm_args: LLVM_OPTIONS.iter().map(|x| (*x).to_owned()).collect(),
        disable_expand_memcpy_in_order: true,
        disable_memory_builtins: false,
        btf: false,
        allow_bpf_trap: true,
    });
    crate::llvm::exit_on_fatal_error();
    linker
}

/// An input that is bitcode, an archive, or an object with bitcode in it; anything else would be left out in
/// silence.
fn read(path: &Path) -> Result<Vec<u8>, LinkError> {
    let bytes = std::fs::read(path).map_err(|source| LinkError::File { path: path.to_owned(), source })?;
    let magic = |m: &[u8]| bytes.starts_with(m);
    let text = bytes.trim_ascii_start();
    let is_ir = [
        &b"; ModuleID"[..],
        b"source_filename",
        b"target datalayout",
        b"target triple",
        b"define ",
        b"declare ",
    ]
    .iter()
    .any(|x| text.starts_with(x));
    if magic(b"BC\xC0\xDE") || magic(b"\xDE\xC0\x17\x0B") || magic(b"!<arch>\n") || is_ir {
        return Ok(bytes);
    }
    if let Ok(object) = object::File::parse(bytes.as_slice()) {
        // rustc adds an object that has no code, only the names of what it wants kept
        let is_code = |x: object::Section<'_, '_>| {
            matches!(x.kind(), SectionKind::Text | SectionKind::Data | SectionKind::ReadOnlyData)
                && x.size() > 0
        };
        if object.section_by_name(".llvmbc").is_some() || !object.sections().any(is_code) {
            return Ok(bytes);
        }
    }
    Err(LinkError::NotBitcode { path: path.to_owned() })
}
