//! Which proposal is meant: by its number, by its account, or by the guardian who made it.

use std::str::FromStr;

use firebreak_interface::state::Proposal;
use solana_pubkey::Pubkey;

use crate::{
    chain::{Node, Snapshot},
    content,
    error::Error,
    words,
};

/// A proposal, as people type it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// The authority's, by its number.
    Number(u64),
    /// Anybody's, by its account.
    Account(Pubkey),
    /// A guardian's, by that guardian and its number.
    Of(Who, u64),
}

/// A guardian, as people type it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// By the key.
    Key(Pubkey),
    /// By the place, as `members` shows it.
    Place(usize),
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || {
            format!(
                "`{text}` names no proposal: its number, its account, or GUARDIAN/NUMBER, as `proposals` shows it"
            )
        };
        if let Some((who, number)) = text.split_once('/') {
            let number = number.parse().map_err(|_| expected())?;
            let place = who.parse().map(Who::Place);
            let who = place.or_else(|_| words::address(who).map(Who::Key)).map_err(|_| expected())?;
            return Ok(Self::Of(who, number));
        }
        let number = text.parse().map(Self::Number);
        number.or_else(|_| words::address(text).map(Self::Account)).map_err(|_| expected())
    }
}

impl Named {
    /// The proposal, whatever became of it, and what people call it.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none in this protocol, [`Error::Account`], [`Error::Rpc`].
    pub async fn find(&self, node: &Node, snapshot: &Snapshot) -> Result<Found, Error> {
        let addresses = &snapshot.addresses;
        let key = match *self {
            Self::Number(number) => {
                let next = snapshot.protocol.next_proposal;
                if number >= next {
                    return Err(Error::not_found(format!(
                        "there is no proposal {number}: the next one will be {next}"
                    )));
                }
                addresses.proposal(number)
            }
            Self::Account(key) => key,
            Self::Of(who, number) => {
                let key = addresses.guardian_proposal(&who.key(snapshot)?, number);
                if node.accounts(&[key]).await?.pop().flatten().is_none() {
                    return Err(Error::not_found(format!(
                        "that guardian has made no proposal {number}: `proposals` shows what waits"
                    )));
                }
                key
            }
        };
        let proposal = node.one::<Proposal>("proposal", key).await?;
        if proposal.protocol != addresses.protocol {
            let protocol = proposal.protocol;
            return Err(Error::not_found(format!("{key} is a proposal of another protocol, {protocol}")));
        }
        if addresses.of_proposal(&proposal) != key {
            return Err(Error::not_found(format!(
                "{key} looks like a proposal, and is not where the breaker would have made it: ask another endpoint"
            )));
        }
        let name = content::proposal_name(&proposal, snapshot);
        Ok(Found { key, proposal, name })
    }
}

impl Who {
    fn key(self, snapshot: &Snapshot) -> Result<Pubkey, Error> {
        let guardians = snapshot.protocol.guardians();
        match self {
            Self::Key(key) => Ok(key),
            Self::Place(place) => guardians.get(place).copied().ok_or_else(|| {
                Error::not_found(format!("there is no guardian {place}: there are {}", guardians.len()))
            }),
        }
    }
}

/// A proposal that is there.
pub struct Found {
    /// Its account.
    pub key: Pubkey,
    /// What it holds.
    pub proposal: Box<Proposal>,
    /// What people call it: what [`Named`] reads.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proposals_are_named_as_people_type_them() {
        let key = Pubkey::new_from_array([7; 32]);
        for (text, named) in [
            ("3".to_owned(), Named::Number(3)),
            (key.to_string(), Named::Account(key)),
            ("2/5".to_owned(), Named::Of(Who::Place(2), 5)),
            (format!("{key}/0"), Named::Of(Who::Key(key), 0)),
        ] {
            assert_eq!(text.parse(), Ok(named), "{text}");
        }
        for text in ["", "-1", "x", "/1", "1/", "x/1", "1/x", "1/2/3"] {
            let error = text.parse::<Named>().expect_err(text);
            assert!(error.contains("GUARDIAN/NUMBER"), "{error}");
        }
    }
}
