//! More than five argument registers, results wider than one.
//!
//! The VM passes five arguments in registers and one result; the back end refuses anything else. Every
//! function that needs more gets a narrow twin: it takes a pointer to the result, as many arguments as fit,
//! and a pointer to the rest, unpacks them and calls the original, which is always inlined into it. All
//! calls, those through pointers too, and all uses of the address move to the twin: the type of the called
//! function alone decides, so that both sides agree wherever they meet.
use super::{Remedy, Result, names};
use crate::LinkError;
use crate::error::Symbol;
use crate::llvm::{Builder, Module, Opcode, Type, Value};
use std::collections::HashMap;

/// Registers for arguments.
const REGISTERS: usize = 5;
/// On an original: the name of its twin.
const TWIN: &str = "narrow-twin";

/// How the twin of a wide function is called.
struct Narrow {
    parameters: Vec<Type>,
    /// The type of the result, if it goes through a pointer.
    result: Option<Type>,
    /// How many arguments stay as they are.
    direct: usize,
    /// The rest.
    packed: Option<Type>,
    ty: Type,
}

/// How to narrow a function type; `None` if it fits.
fn classify(module: &Module, ty: Type, function: &dyn Fn() -> Symbol) -> Result<Option<Narrow>> {
    if ty.is_variadic() {
        return Ok(None);
    }
    let registers = |ty: Type| {
        ty.registers().ok_or_else(|| LinkError::Unsupported {
            what: format!("the type {ty} in a signature"),
            function: function(),
        })
    };
    let (result, parameters) = (ty.result(), ty.parameters());
    let by_pointer = registers(result)? > 1;
    let mut sizes = Vec::new();
    for parameter in &parameters {
        sizes.push(registers(*parameter)?);
    }
    let total = sizes.iter().sum::<usize>() + usize::from(by_pointer);
    if total <= REGISTERS && !by_pointer {
        return Ok(None);
    }
    let mut direct = parameters.len();
    if total > REGISTERS {
        let mut left = REGISTERS - 1 - usize::from(by_pointer);
        direct = sizes
            .iter()
            .take_while(|size| {
                let fits = **size <= left;
                left = left.saturating_sub(**size);
                fits
            })
            .count();
    }
    let packed = (direct < parameters.len()).then(|| module.structure(&parameters[direct..]));
    let mut narrow = Vec::new();
    narrow.extend(by_pointer.then(|| module.pointer()));
    narrow.extend_from_slice(&parameters[..direct]);
    narrow.extend(packed.map(|_| module.pointer()));
    let ty = Type::function(if by_pointer { module.void() } else { result }, &narrow);
    Ok(Some(Narrow { parameters, result: by_pointer.then_some(result), direct, packed, ty }))
}

/// Narrows every function and every call that needs it.
pub(super) fn narrow_all(module: &Module, broken: Option<Remedy>) -> Result<()> {
    let builder = module.builder();
    let mut twins = Vec::new();
    for original in module.functions() {
        if original.is_declaration() {
            continue;
        }
        let name = original.name();
        let Some(narrow) = classify(module, original.value_type(), &|| Symbol::new(&name))? else { continue };
        if let Some(twin) = original.text_attribute(TWIN).and_then(|x| module.function(&x)) {
            original.replace_uses(twin);
            continue;
        }
        let twin = module.add_function(&names::narrow(&name), narrow.ty);
        original.replace_uses(twin);
        twins.push((original, twin, narrow));
    }
    rewrite_calls(module, &builder)?;
    for (original, twin, narrow) in twins {
        fill(module, &builder, original, twin, &narrow, broken);
        if super::ROUTINES.contains(&original.name().as_str()) {
            // later remedies may still call it by its name
            original.make_external();
            twin.make_external();
        } else {
            original.make_internal();
            twin.make_internal();
        }
        module.add_attribute(twin, "noinline");
        for attribute in ["noinline", "optnone", "memory"] {
            original.remove_attribute(attribute);
        }
        module.add_attribute(original, "alwaysinline");
        module.add_text_attribute(original, TWIN, &twin.name());
    }
    Ok(())
}

/// Slots are shared by all calls of a function: their contents do not outlive the call.
struct Slots<'a> {
    builder: &'a Builder,
    function: Value,
    results: HashMap<Type, Value>,
    packed: HashMap<Type, Value>,
}

impl Slots<'_> {
    fn result(&mut self, ty: Type) -> Value {
        *self.results.entry(ty).or_insert_with(|| self.builder.slot(self.function, ty))
    }

    fn packed(&mut self, ty: Type) -> Value {
        *self.packed.entry(ty).or_insert_with(|| self.builder.slot(self.function, ty))
    }
}

fn rewrite_calls(module: &Module, b: &Builder) -> Result<()> {
    for function in module.functions() {
        let name = function.name();
        let mut slots = Slots { builder: b, function, results: HashMap::new(), packed: HashMap::new() };
        for call in function.instructions() {
            if call.opcode() != Opcode::LLVMCall {
                continue;
            }
            let callee = call.called();
            let target = callee.as_function();
            if callee.assembly().is_some() || target.is_some_and(|x| x.intrinsic().is_some()) {
                continue;
            }
            let Some(narrow) = classify(module, call.called_type(), &|| Symbol::new(&name))? else {
                continue;
            };
            // a twin is a declaration until it is filled; anything else outside has the VM's signature
            if let Some(target) = target.filter(|x| x.is_declaration() && x.value_type() != narrow.ty) {
                return Err(LinkError::Unsupported {
                    what: format!(
                        "a call of the syscall {} with more than five registers",
                        Symbol::new(&target.name())
                    ),
                    function: Symbol::new(&name),
                });
            }
            let result = narrow.result.map(|ty| slots.result(ty));
            let packed = narrow.packed.map(|ty| slots.packed(ty));
            b.before(call);
            let mut arguments = Vec::from_iter(result);
            for index in 0..narrow.direct {
                arguments.push(call.operand(index as u32));
            }
            if let Some((slot, ty)) = packed.zip(narrow.packed) {
                for index in narrow.direct..narrow.parameters.len() {
                    let field = b.field(ty, slot, index - narrow.direct);
                    b.store(call.operand(index as u32), field);
                }
                arguments.push(slot);
            }
            let value = b.call(narrow.ty, callee, &arguments);
            match result.zip(narrow.result) {
                Some((slot, ty)) => call.replace_uses(b.load(ty, slot)),
                None if call.ty().is_void() => {}
                None => call.replace_uses(value),
            }
            call.erase();
        }
    }
    Ok(())
}

/// Gives a twin its body.
fn fill(module: &Module, b: &Builder, original: Value, twin: Value, narrow: &Narrow, broken: Option<Remedy>) {
    module.body(twin, b);
    let first = usize::from(narrow.result.is_some());
    let mut arguments: Vec<Value> = (0..narrow.direct).map(|k| twin.parameter(first + k)).collect();
    if let Some(ty) = narrow.packed {
        let pack = twin.parameter(first + narrow.direct);
        for (index, parameter) in narrow.parameters[narrow.direct..].iter().enumerate() {
            let field = b.field(ty, pack, index);
            let mut value = b.load(*parameter, field);
            if broken == Some(Remedy::WideArguments) && parameter.int_width() == Some(64) {
                value = b.binary(Opcode::LLVMXor, value, parameter.int(1));
            }
            arguments.push(value);
        }
    }
    let ty = original.value_type();
    let mut value = b.call(ty, original, &arguments);
    match narrow.result {
        Some(result) => {
            if broken == Some(Remedy::WideReturns) && result.int_width() == Some(128) {
                value = b.binary(Opcode::LLVMXor, value, result.int(1));
            }
            b.store(value, twin.parameter(0));
            b.ret(None);
        }
        None => b.ret((!ty.result().is_void()).then_some(value)),
    }
}
