//! Coverage: which of a protocol's instructions asks the gate for which operation.
//!
//! The table is a promise in public, and a check for the protocol's own tests: an instruction that nobody thought of is
//! where the money leaves.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::*;
use core::result::Result;
#[cfg(not(feature = "anchor"))]
use {
    bytemuck::{Pod, Zeroable},
    solana_program::pubkey::Pubkey,
};

use crate::{
    constants::*,
    error::{BreakerError, Checked},
    operation::Operations,
};

/// One instruction of the protected program.
#[cfg_attr(feature = "anchor", zero_copy)]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CoverageRow {
    /// First eight bytes of its data.
    pub instruction: [u8; 8],
    /// Operations that it asks the gate for; none says that it moves nothing and asks nothing.
    pub operations: u64,
}

impl CoverageRow {
    /// The row of an Anchor instruction, by its name in the IDL.
    pub fn of(name: &str, operations: Operations) -> Self {
        Self { instruction: discriminator(name), operations: operations.0 }
    }
}

/// First eight bytes of an Anchor instruction's data, by its name in the IDL: of sha256("global:" and the name).
pub fn discriminator(name: &str) -> [u8; 8] {
    let hash = solana_program::hash::hashv(&[b"global:", name.as_bytes()]).to_bytes();
    core::array::from_fn(|i| hash[i])
}

/// A protocol's coverage table. PDA of [`crate::pda::coverage`].
#[cfg_attr(feature = "anchor", account(zero_copy))]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug)]
pub struct Coverage {
    /// Layout version of the last writer.
    pub version: u8,
    /// Reader version that this account needs at least.
    pub min_reader: u8,
    /// PDA bump.
    pub bump: u8,
    /// Explicit padding.
    pub padding: u8,
    /// Rows in use.
    pub count: u32,
    /// Protocol it belongs to.
    pub protocol: Pubkey,
    /// The rows, in the order of registration.
    pub rows: [CoverageRow; 64],
    /// Room for later versions.
    pub reserved: [u8; 64],
}

/// Where a protocol's coverage table and its instructions differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    /// Instructions that the table does not name.
    pub missing: Vec<String>,
    /// Rows that name no instruction.
    pub unknown: Vec<[u8; 8]>,
}

impl core::fmt::Display for Gaps {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "coverage: not in the table: [{}]; rows of no instruction: {:?}. Give each instruction its operations, or \
             none where it moves nothing",
            self.missing.join(", "),
            self.unknown
        )
    }
}

impl core::error::Error for Gaps {}

/// For a protocol's own tests: compares its table with all its instructions, by their names in the IDL.
///
/// # Errors
/// [`Gaps`], which names each instruction without a row and each row without an instruction.
pub fn check_coverage<'a>(
    rows: &[CoverageRow],
    instructions: impl IntoIterator<Item = &'a str>,
) -> Result<(), Gaps> {
    let mut gaps = Gaps { missing: Vec::new(), unknown: rows.iter().map(|row| row.instruction).collect() };
    for name in instructions {
        let instruction = discriminator(name);
        if !rows.iter().any(|row| row.instruction == instruction) {
            gaps.missing.push(name.to_owned());
        }
        gaps.unknown.retain(|unknown| *unknown != instruction);
    }
    if gaps == Gaps::default() { Ok(()) } else { Err(gaps) }
}

impl Coverage {
    /// Fills a table that was just created; an existing one stays as it is, whatever version wrote it.
    pub fn initialize_once(&mut self, protocol: Pubkey, bump: u8) {
        if self.version == 0 {
            (self.version, self.min_reader, self.bump) = (LAYOUT_VERSION, 1, bump);
            self.protocol = protocol;
        }
    }

    /// The rows in use.
    pub fn rows(&self) -> &[CoverageRow] {
        let count = usize::try_from(self.count).unwrap_or(COVERAGE_ROWS).min(COVERAGE_ROWS);
        &self.rows[..count]
    }

    /// Checks rows that no table could take.
    ///
    /// # Errors
    /// [`BreakerError::CoverageCount`], [`BreakerError::CoveredTwice`].
    pub fn check(new: &[CoverageRow]) -> Checked<()> {
        Self::check_beside(&[], new)
    }

    /// Checks new rows beside those that are known.
    fn check_beside(known: &[CoverageRow], new: &[CoverageRow]) -> Checked<()> {
        if new.is_empty() || known.len() + new.len() > COVERAGE_ROWS {
            return Err(BreakerError::CoverageCount);
        }
        for (i, row) in new.iter().enumerate() {
            if known.iter().chain(&new[..i]).any(|other| other.instruction == row.instruction) {
                return Err(BreakerError::CoveredTwice);
            }
        }
        Ok(())
    }

    /// Adds rows: all of them or none.
    ///
    /// # Errors
    /// [`BreakerError::CoverageCount`], [`BreakerError::CoveredTwice`].
    pub fn add(&mut self, new: &[CoverageRow]) -> Checked<()> {
        Self::check_beside(self.rows(), new)?;
        let before = self.rows().len();
        let after = before + new.len();
        self.rows[before..after].copy_from_slice(new);
        self.count = u32::try_from(after).map_err(|_| BreakerError::CoverageCount)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Operation;
    use bytemuck::Zeroable;

    fn row(name: &str) -> CoverageRow {
        CoverageRow::of(name, Operations::of(&[Operation::WITHDRAW]))
    }

    #[test]
    fn rows_are_added_all_or_none() {
        let mut table = Coverage::zeroed();
        assert_eq!(table.add(&[]), Err(BreakerError::CoverageCount));
        assert_eq!(table.add(&[row("a"), row("b")]), Ok(()));
        assert_eq!(table.add(&[row("c"), row("a")]), Err(BreakerError::CoveredTwice));
        assert_eq!(table.add(&[row("c"), row("c")]), Err(BreakerError::CoveredTwice));
        assert_eq!(table.rows(), [row("a"), row("b")]);
        let many: Vec<_> = (0..COVERAGE_ROWS).map(|i| row(&i.to_string())).collect();
        assert_eq!(table.add(&many), Err(BreakerError::CoverageCount));
        assert_eq!(table.add(&many[2..]), Ok(()));
        assert_eq!(table.add(&[row("one more")]), Err(BreakerError::CoverageCount));
        assert_eq!(table.rows().len(), COVERAGE_ROWS);
    }

    #[test]
    fn a_table_that_exists_stays_as_it_is() {
        let mut table = Coverage::zeroed();
        table.initialize_once(Pubkey::new_from_array([7; 32]), 254);
        assert_eq!((table.version, table.min_reader, table.bump), (LAYOUT_VERSION, 1, 254));
        // a newer program wrote it
        (table.version, table.min_reader) = (9, 3);
        let before = table;
        table.initialize_once(Pubkey::default(), 1);
        assert_eq!(bytemuck::bytes_of(&table), bytemuck::bytes_of(&before));
    }

    #[test]
    fn rows_that_no_table_takes_are_not_to_be_waited_for() {
        let check = Coverage::check;
        assert_eq!(check(&[]), Err(BreakerError::CoverageCount));
        assert_eq!(check(&[row("a"), row("b"), row("a")]), Err(BreakerError::CoveredTwice));
        let many: Vec<_> = (0..=COVERAGE_ROWS).map(|i| row(&i.to_string())).collect();
        assert_eq!(check(&many), Err(BreakerError::CoverageCount));
        assert_eq!(check(&many[1..]), Ok(()));
    }

    #[test]
    fn a_gap_is_named() {
        let rows = [row("pay"), row("gone")];
        let gaps = check_coverage(&rows, ["pay", "backdoor"]).expect_err("two gaps");
        assert_eq!(gaps.missing, ["backdoor"]);
        assert_eq!(gaps.unknown, [discriminator("gone")]);
        assert!(gaps.to_string().contains("[backdoor]"), "{gaps}");
        assert_eq!(check_coverage(&rows, ["gone", "pay"]), Ok(()));
    }
}
