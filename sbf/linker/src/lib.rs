//! Links programs for the Solana VM with the LLVM 22 of a distribution.
//!
//! Bitcode in, ELF out: [`merge`] links and optimises with `bpf-linker`, [`remedies`] rewrite what LLVM's
//! BPF back end cannot compile, [`check`] names what is left, LLVM makes an object and `sbpf-linker` a
//! program of it, in which [`addresses`] leaves nothing to the loader that is known now.
mod addresses;
mod check;
mod cli;
mod error;
mod llvm;
mod merge;
mod remedies;

pub use cli::{Arch, Optimize, Options};
pub use error::{LinkError, Symbol};
pub use remedies::Remedy;

use bpf_linker::llvm_sys::LLVMDiagnosticSeverity;
use llvm::Module;
use sbpf_linker::byteparser::parse_bytecode;
use sbpf_linker::{OptimizationConfig, ProgramOptions, SbpfArch, SbpfLinkerError};
use std::path::{Path, PathBuf};

/// What the VM adds to LLVM's second version of BPF: a load or store may have any address, so that a field of
/// packed data is one instruction and not one a byte. LLVM takes this from the machine, not from functions.
const FEATURES: &std::ffi::CStr = c"+allows-misaligned-mem-access";

/// Bytes of a stack frame.
const FRAME: u16 = 4096;

/// Links as the options say, into `output`. On an error there is no such file, not even an earlier one.
pub fn run(options: &Options, output: &Path) -> Result<(), LinkError> {
    let failed = |source| LinkError::File { path: output.to_owned(), source };
    match std::fs::remove_file(output) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => return Err(failed(source)),
        _ => {}
    }
    let program = link(options)?;
    // renamed when complete: nobody sees half a program
    let mut partial = output.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    write(&partial, &program)?;
    std::fs::rename(&partial, output).map_err(failed)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), LinkError> {
    std::fs::write(path, bytes).map_err(|source| LinkError::File { path: path.to_owned(), source })
}

fn link(options: &Options) -> Result<Vec<u8>, LinkError> {
    let bitcode = match options.inputs.as_slice() {
        [input] if options.merged => merge::prepared(input)?,
        inputs => merge::merge(inputs, options.opt)?,
    };
    if let Some(path) = &options.save_merged {
        write(path, &bitcode)?;
    }
    let object = compile(&bitcode, options.break_remedy)?;
    let Arch::V0 = options.arch;
    let layout = ProgramOptions::new(OptimizationConfig::disabled(), SbpfArch::V0, i32::from(FRAME));
    let layout = parse_bytecode(&object, layout)
        .map_err(|errors| LinkError::Program(SbpfLinkerError::format_errors(&errors)))?;
    addresses::emit(layout)
}

/// Makes an object of merged bitcode.
fn compile(bitcode: &[u8], broken: Option<Remedy>) -> Result<Vec<u8>, LinkError> {
    let module = Module::parse(bitcode)?;
    remedies::apply(&module, broken)?;
    check::check(&module)?;
    for function in module.functions() {
        if !function.is_declaration() {
            module.add_text_attribute(function, "warn-stack-size", &FRAME.to_string());
        }
    }
    let (object, diagnostics) = module.compile();
    let mut errors: Vec<LinkError> = diagnostics
        .iter()
        .filter_map(|x| {
            let is_error = x.severity == LLVMDiagnosticSeverity::LLVMDSError;
            LinkError::diagnostic(&x.text, is_error)
        })
        .collect();
    // LLVM says "this offset is out of the frame" at each access: the frame's size, said once, is enough
    let sized: Vec<Symbol> = errors.iter().filter_map(LinkError::oversized).cloned().collect();
    errors.retain(|x| !x.is_offset_of(&sized));
    match (LinkError::join(errors), object) {
        (Some(error), _) | (None, Err(error)) => Err(error),
        (None, Ok(object)) => Ok(object),
    }
}
