//! The ending in which the protocol never comes back: what is in the safes is shared out, by a list that everybody can check.

use std::sync::Arc;

use firebreak_client::venue::{self, Portfolio};
use firebreak_guardian::{act::claims::tree::Proofs, units};
use solana_pubkey::Pubkey;

use super::{
    desk::{QUORUM, Who},
    report::End,
    story::Story,
    thief::{self, Listed},
};
use crate::{
    error::DemoError,
    stage::{COIN, COLLATERALS, DOLLAR},
};

/// What somebody gets of a safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Share {
    owner: Pubkey,
    /// His token account.
    purse: Pubkey,
    amount: u64,
}

impl Story {
    /// Guardians approve a list of claims on each safe, the authority opens it, anybody has each owner paid, once.
    pub(super) async fn share_out(&mut self) -> Result<End, DemoError> {
        let stage = Arc::clone(&self.stage);
        // the books have to stand still while a list is made of them
        self.quiet().await?;
        self.types("migrate --market 0", &QUORUM).await?;
        self.sweep().await?;
        let shares = [self.shares(DOLLAR).await?, self.shares(COIN).await?];
        for (number, (place, shares)) in [DOLLAR, COIN].into_iter().zip(&shares).enumerate() {
            let (mint, name) = (stage.mints[place], COLLATERALS[place].name);
            let list: String =
                shares.iter().map(|one| format!("{},{}units\n", one.owner, one.amount)).collect();
            self.desk.writes(&format!("{name}.csv"), &list)?;
            let propose =
                format!("claims propose --market 0 --mint {mint} --file {name}.csv --proofs {name}.json");
            self.types(&propose, &[Who::Guardian(0)]).await?;
            self.types(&format!("approve 0/{number}"), &[Who::Guardian(1)]).await?;
        }
        self.note("guardians agreed on who gets what of both safes; it waits".to_owned()).await?;
        self.until_ripe([self.proposal(0), self.proposal(1)]).await?;
        for number in 0..shares.len() {
            self.types(&format!("claims open 0/{number}"), &[Who::Authority]).await?;
        }
        let opened_slot = self.note("the authority opened the claims on both safes".to_owned()).await?;

        let (listed, purse) = self.a_users_claim(&shares[DOLLAR])?;
        self.tried.extend(thief::tries_claim(&stage, &listed).await?);
        let (mut claims, mut paid) = (0, 0);
        for (place, shares) in [DOLLAR, COIN].into_iter().zip(&shares) {
            let mut before = Vec::new();
            for share in shares {
                before.push(self.balance(&share.purse).await?);
            }
            let pay = format!("claims pay --proofs {}.json", COLLATERALS[place].name);
            self.types(&pay, &[Who::Bystander]).await?;
            for (share, before) in shares.iter().zip(before) {
                claims += 1;
                paid += u64::from(self.balance(&share.purse).await? == before + share.amount);
            }
        }
        let paid_slot =
            self.note(format!("anybody had them paid: {paid} of {claims} owners got theirs")).await?;
        self.tried.extend(thief::tries_claim_again(&stage, &listed, purse).await?);
        Ok(End::Claims { opened_slot, paid_slot, claims, paid })
    }

    /// Who gets what of a safe: by the venue's books, and its own reserve by whose that is.
    async fn shares(&self, place: usize) -> Result<Vec<Share>, DemoError> {
        let (stage, mut due) = (&self.stage, Vec::new());
        for person in stage.people() {
            let owner = person.address();
            let deposit = self.portfolio(&owner).await?.balances[place].deposit;
            let reserve = if owner == stage.treasury.address() { COLLATERALS[place].reserve } else { 0 };
            due.push(Share { owner, purse: person.purses[place], amount: deposit + reserve });
        }
        Ok(pro_rata(due, self.balance(&self.tokens(place)).await?))
    }

    /// Somebody's portfolio, as the venue has it.
    async fn portfolio(&self, owner: &Pubkey) -> Result<Portfolio, DemoError> {
        let found = self.account(venue::portfolio(owner), "portfolio").await?;
        Ok(Portfolio::decode(&found.owner, &found.data)?)
    }

    /// The first claim of dollars with its proof, as the list has it, and its owner's token account.
    fn a_users_claim(&self, shares: &[Share]) -> Result<(Listed, Pubkey), DemoError> {
        let none = || DemoError::NoProof;
        let text = self.desk.reads(&format!("{}.json", COLLATERALS[DOLLAR].name))?;
        let proofs: Proofs = serde_json::from_str(&text).map_err(|_| none())?;
        let claim = proofs.claims.first().ok_or_else(none)?;
        let share = shares.iter().find(|share| share.owner.to_string() == claim.owner).ok_or_else(none)?;
        let proof =
            claim.proof.iter().map(|node| units::bytes(node)).collect::<Option<_>>().ok_or_else(none)?;
        let (epoch, index, owner) = (proofs.epoch, claim.index, share.owner);
        Ok((Listed { epoch, index, owner, amount: claim.amount, proof }, share.purse))
    }
}

/// Those who are due something, each with as much of what there is as of all that is due; rounded down.
fn pro_rata(due: Vec<Share>, there_is: u64) -> Vec<Share> {
    let all: u128 = due.iter().map(|share| u128::from(share.amount)).sum();
    let of = |amount: u64| match all > u128::from(there_is) {
        // a share of 64 bits
        true => u64::try_from(u128::from(amount) * u128::from(there_is) / all).unwrap_or(amount),
        false => amount,
    };
    let shares = due.into_iter().map(|share| Share { amount: of(share.amount), ..share });
    shares.filter(|share| share.amount > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_missing_to_everybody_alike() {
        let share = |amount| Share { owner: Pubkey::new_unique(), purse: Pubkey::new_unique(), amount };
        let amounts = |due: &[u64], there_is| {
            let shares = pro_rata(due.iter().copied().map(share).collect(), there_is);
            shares.into_iter().map(|share| share.amount).collect::<Vec<_>>()
        };
        assert_eq!(amounts(&[100, 300], 200), [50, 150]);
        assert_eq!(amounts(&[100, 0, 300], 500), [100, 300], "nobody gets more than is due");
        assert!(amounts(&[1, 1, 1], 2).is_empty(), "rounded down");
        assert_eq!(amounts(&[u64::MAX, u64::MAX], u64::MAX), [u64::MAX / 2, u64::MAX / 2]);
    }
}
