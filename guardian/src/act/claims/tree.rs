//! The tree of a set of claims: who gets what, and the proof of each.

use std::collections::HashSet;

use firebreak_interface::state::{claim_leaf, claim_node};
use serde::{Deserialize, Serialize};
use solana_pubkey::Pubkey;

use crate::{
    units::{self, Amount},
    words,
};

/// A claim, as a file lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Whose.
    pub owner: Pubkey,
    /// How much, in units.
    pub amount: u64,
}

/// What a JSON file says of a claim.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    owner: String,
    amount: String,
}

/// Reads a list of claims: lines of OWNER,AMOUNT, or JSON with an array of `owner` and `amount`, both as text.
///
/// # Errors
/// What is wrong, and where.
pub fn read(text: &str, decimals: u8) -> Result<Vec<Claim>, String> {
    let rows: Vec<(String, String)> = if text.trim_start().starts_with('[') {
        let rows: Vec<Row> = serde_json::from_str(text).map_err(|error| error.to_string())?;
        rows.into_iter().map(|row| (row.owner, row.amount)).collect()
    } else {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        // a heading is no claim
        let lines = lines.enumerate().filter(|(place, line)| *place > 0 || !line.starts_with("owner"));
        let split = |(_, line): (usize, &str)| {
            let (owner, amount) =
                line.split_once(',').ok_or_else(|| format!("`{line}` is no OWNER,AMOUNT"))?;
            Ok((owner.trim().to_owned(), amount.trim().to_owned()))
        };
        lines.map(split).collect::<Result<_, String>>()?
    };
    let claim = |(owner, amount): &(String, String)| {
        let key = words::address(owner).map_err(|reason| format!("{owner}: {reason}"))?;
        let units = amount.parse::<Amount>().and_then(|amount| amount.units(decimals));
        match units.map_err(|reason| format!("{owner}: {reason}"))? {
            0 => Err(format!("{owner}: a claim of nothing")),
            amount => Ok(Claim { owner: key, amount }),
        }
    };
    let claims = rows.iter().map(claim).collect::<Result<Vec<_>, _>>()?;
    let mut seen = HashSet::new();
    match claims.iter().find(|claim| !seen.insert(claim.owner)) {
        Some(twice) => Err(format!("{} is there twice: add its amounts up", twice.owner)),
        None if claims.is_empty() => Err("there is no claim in it".to_owned()),
        None => Ok(claims),
    }
}

/// All claims of a set together.
///
/// # Errors
/// Where 64 bits do not hold it.
pub fn total(claims: &[Claim]) -> Result<u64, String> {
    let sum = claims.iter().try_fold(0u64, |sum, claim| sum.checked_add(claim.amount));
    sum.ok_or_else(|| "the claims together are more than 64 bits hold".to_owned())
}

/// The tree over a set of claims on a safe. Where a row has an odd number, the last goes up as it is.
pub struct Tree(Vec<Vec<[u8; 32]>>);

impl Tree {
    /// Over these claims, each with its place as its number.
    pub fn new(safe: &Pubkey, epoch: u64, claims: &[Claim]) -> Self {
        let leaf = |(index, claim): (u64, &Claim)| claim_leaf(safe, epoch, index, &claim.owner, claim.amount);
        let mut rows = vec![(0..).zip(claims).map(leaf).collect::<Vec<_>>()];
        while let Some(row) = rows.last().filter(|row| row.len() > 1) {
            let above = row.chunks(2).map(|pair| match pair {
                [left, right] => claim_node(left, right),
                rest => rest.first().copied().unwrap_or_default(),
            });
            rows.push(above.collect());
        }
        Self(rows)
    }

    /// Its root.
    pub fn root(&self) -> [u8; 32] {
        self.0.last().and_then(|row| row.first()).copied().unwrap_or_default()
    }

    /// What proves the claim at this place.
    pub fn proof(&self, mut place: usize) -> Vec<[u8; 32]> {
        let mut proof = Vec::new();
        for row in &self.0 {
            proof.extend(row.get(place ^ 1).filter(|_| row.len() > 1));
            place /= 2;
        }
        proof
    }
}

/// What is written beside a proposal, for who pays and who is paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proofs {
    /// The safe.
    pub safe: String,
    /// Its mint.
    pub mint: String,
    /// Number of the market.
    pub market: u64,
    /// Number of the set.
    pub epoch: u64,
    /// Root of the tree.
    pub root: String,
    /// All claims together, in units.
    pub total: u64,
    /// The claims.
    pub claims: Vec<Proven>,
}

/// A claim with its proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proven {
    /// Its number.
    pub index: u64,
    /// Whose.
    pub owner: String,
    /// How much, in units.
    pub amount: u64,
    /// Its proof.
    pub proof: Vec<String>,
}

impl Proofs {
    /// Of a set of claims.
    ///
    /// # Errors
    /// As [`total`].
    pub fn new(
        (safe, mint): (&Pubkey, &Pubkey),
        (market, epoch): (u64, u64),
        claims: &[Claim],
    ) -> Result<Self, String> {
        let tree = Tree::new(safe, epoch, claims);
        let proven = |(place, claim): (usize, &Claim)| Proven {
            index: place as u64,
            owner: claim.owner.to_string(),
            amount: claim.amount,
            proof: tree.proof(place).iter().map(|node| units::hex(node)).collect(),
        };
        Ok(Self {
            safe: safe.to_string(),
            mint: mint.to_string(),
            market,
            epoch,
            root: units::hex(&tree.root()),
            total: total(claims)?,
            claims: claims.iter().enumerate().map(proven).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use bytemuck::Zeroable;
    use firebreak_interface::state::{ClaimsOrder, Safe};
    use proptest::prelude::*;

    use super::*;

    fn key(number: u16) -> Pubkey {
        let mut bytes = [7; 32];
        bytes[..2].copy_from_slice(&number.to_le_bytes());
        Pubkey::new_from_array(bytes)
    }

    fn claims(count: u16) -> Vec<Claim> {
        (0..count).map(|number| Claim { owner: key(number), amount: u64::from(number) + 1 }).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Each proof is one that the safe takes, for its own claim alone.
        #[test]
        fn each_claim_is_paid_by_its_proof_and_no_other(count in 1u16..70, other in any::<u16>()) {
            let (safe_key, all) = (key(900), claims(count));
            let tree = Tree::new(&safe_key, 1, &all);
            let sum = total(&all).expect("small");
            let mut safe = Safe::zeroed();
            let order = ClaimsOrder { mint: key(901), epoch: 1, root: tree.root(), total: sum };
            safe.open_claims(&order, sum).expect("it has as much");
            for (place, claim) in all.iter().enumerate() {
                let (index, proof) = (place as u64, tree.proof(place));
                let more = (index, &claim.owner, claim.amount + 1);
                prop_assert!(safe.clone().claim(&safe_key, more, &proof).is_err());
                let stranger = (index, &key(count + other % 800), claim.amount);
                prop_assert!(count + other % 800 == place as u16 || safe.clone().claim(&safe_key, stranger, &proof).is_err());
                prop_assert!(safe.claim(&safe_key, (index, &claim.owner, claim.amount), &proof).is_ok());
            }
            prop_assert_eq!(safe.claims_left, 0);
        }
    }

    #[test]
    fn lists_are_read_as_lines_or_as_json() {
        let (one, two) = (key(1), key(2));
        let expected = vec![Claim { owner: one, amount: 150 }, Claim { owner: two, amount: 7 }];
        let lines = format!("owner,amount\n{one}, 1.5\n\n{two},7units\n");
        assert_eq!(read(&lines, 2), Ok(expected.clone()));
        let json = format!(r#"[{{"owner":"{one}","amount":"1.5"}},{{"owner":"{two}","amount":"7units"}}]"#);
        assert_eq!(read(&json, 2), Ok(expected));
    }

    #[test]
    fn what_is_wrong_with_a_list_is_said() {
        let one = key(1);
        for (text, word) in [
            (format!("{one},1\n{one},2"), "twice"),
            (format!("{one},0"), "of nothing"),
            (format!("{one},0.001"), "no amount of a token with 2 decimals"),
            (format!("{one};1"), "no OWNER,AMOUNT"),
            ("me,1".to_owned(), "not an address"),
            (String::new(), "no claim"),
            ("[{}]".to_owned(), "missing field"),
        ] {
            let reason = read(&text, 2).expect_err(&text);
            assert!(reason.contains(word), "{reason}");
        }
        let most = [Claim { owner: one, amount: u64::MAX }, Claim { owner: key(2), amount: 1 }];
        assert!(total(&most).is_err());
    }
}
