//! Mathematical intrinsics (`sqrt`, `floor`, `min`...), for which the back end wants a library call.
use super::{Outcome, Result, Site};

/// Intrinsics and the C functions that compute them; for `f32` the name ends in `f`.
const FUNCTIONS: &[(&str, &str)] = &[
    ("llvm.sqrt.f", "sqrt"),
    ("llvm.floor.f", "floor"),
    ("llvm.ceil.f", "ceil"),
    ("llvm.trunc.f", "trunc"),
    ("llvm.rint.f", "rint"),
    ("llvm.nearbyint.f", "rint"),
    ("llvm.round.f", "round"),
    ("llvm.roundeven.f", "roundeven"),
    ("llvm.minnum.f", "fmin"),
    ("llvm.maxnum.f", "fmax"),
    ("llvm.minimumnum.f", "fmin"),
    ("llvm.maximumnum.f", "fmax"),
    ("llvm.fma.f", "fma"),
];

pub(super) fn lower(site: &Site<'_>) -> Result<Outcome> {
    let Some(name) = site.intrinsic() else { return Ok(Outcome::Untouched) };
    let Some((stem, width)) =
        FUNCTIONS.iter().find_map(|(intrinsic, stem)| Some((*stem, name.strip_prefix(intrinsic)?)))
    else {
        return Ok(Outcome::Untouched);
    };
    let routine = match width {
        "64" => stem.to_owned(),
        "32" => format!("{stem}f"),
        _ => return Ok(Outcome::Untouched),
    };
    // without the routine the check for unsupported intrinsics names the one at fault
    if site.function_name == routine || site.module.function(&routine).is_none_or(|x| x.is_declaration()) {
        return Ok(Outcome::Untouched);
    }
    let count = site.instruction.argument_count() as u32;
    let arguments: Vec<_> = (0..count).map(|k| site.instruction.operand(k)).collect();
    Ok(Outcome::Replaced(site.routine(&routine, site.ty, &arguments)?))
}
