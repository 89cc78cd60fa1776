//! Changes of what is registered: at once where they only tighten, else as a proposal.

use std::{fmt, str::FromStr};

use firebreak_client::instruction::{self, INSTRUCTIONS};
use firebreak_interface::{
    pda,
    state::{Amendment, Change, Path, Ratios, Setting, program_data},
};
use solana_pubkey::Pubkey;

use super::Plan;
use crate::{
    chain::Snapshot,
    content,
    error::Error,
    setting::{Changed, Named, changes, with},
    words,
};

/// What is changed, as people type it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The protocol itself.
    Protocol,
    /// A market, by its number.
    Market(u64),
    /// A limiter, by its vault.
    Limiter(Pubkey),
    /// A price band, by market and number.
    Band(u64, u8),
    /// An invariant, by market and number.
    Invariant(u64, u8),
    /// A keeper, by its key.
    Keeper(Pubkey),
}

impl FromStr for Subject {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || {
            format!(
                "`{text}` is none of protocol, market:ID, limiter:VAULT, band:MARKET/INDEX, invariant:MARKET/INDEX, keeper:KEY; what is \
                 new is registered by `propose market`, `limiter`, `band`, `invariant`, `keeper` or `coverage` and its options"
            )
        };
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        let pair = || {
            let (market, index) = rest.split_once('/')?;
            Some((market.parse().ok()?, index.parse().ok()?))
        };
        match kind {
            "protocol" if rest.is_empty() => Ok(Self::Protocol),
            "market" => rest.parse().map(Self::Market).map_err(|_| expected()),
            "limiter" => words::address(rest).map(Self::Limiter).map_err(|_| expected()),
            "keeper" => words::address(rest).map(Self::Keeper).map_err(|_| expected()),
            "band" => pair().map(|(market, index)| Self::Band(market, index)).ok_or_else(expected),
            "invariant" => pair().map(|(market, index)| Self::Invariant(market, index)).ok_or_else(expected),
            _ => Err(expected()),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protocol => f.write_str("the protocol"),
            Self::Market(id) => write!(f, "market {id}"),
            Self::Limiter(vault) => write!(f, "the limiter of vault {vault}"),
            Self::Band(market, index) => write!(f, "price band {index} of market {market}"),
            Self::Invariant(market, index) => write!(f, "invariant {index} of market {market}"),
            Self::Keeper(key) => write!(f, "keeper {key}"),
        }
    }
}

impl Subject {
    /// Its account, which must be there.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn address(&self, snapshot: &Snapshot) -> Result<Pubkey, Error> {
        let there = |known: bool, key: Pubkey| {
            let missing = || Error::not_found(format!("there is no {self} in this protocol"));
            known.then_some(key).ok_or_else(missing)
        };
        match *self {
            Self::Protocol => Ok(snapshot.addresses.protocol),
            Self::Market(id) => snapshot.market(id).map(|(key, _)| *key),
            Self::Limiter(vault) => {
                let key = snapshot.addresses.limiter(&vault);
                there(snapshot.limiters.iter().any(|(one, _)| *one == key), key)
            }
            Self::Band(market, index) => {
                let key = pda::band(&snapshot.market(market)?.0, index).0;
                there(snapshot.bands.iter().any(|(one, _)| *one == key), key)
            }
            Self::Invariant(market, index) => {
                let key = pda::invariant(&snapshot.market(market)?.0, index).0;
                there(snapshot.invariants.iter().any(|(one, _)| *one == key), key)
            }
            Self::Keeper(key) => {
                let key = snapshot.addresses.keeper(&key);
                there(snapshot.keepers.iter().any(|(one, _)| *one == key), key)
            }
        }
    }

    /// Its settings with these changed, what differs, and whether the ratchet lets it pass this way.
    ///
    /// # Errors
    /// [`Error::Usage`], [`Error::NotFound`].
    pub fn with(
        &self,
        snapshot: &Snapshot,
        set: &[String],
        path: Path,
    ) -> Result<(Amendment, Vec<Changed>), Error> {
        let key = self.address(snapshot)?;
        Ok(match self {
            Self::Market(_) => {
                let found = snapshot.markets.iter().find(|(one, _)| *one == key);
                let market = &found.ok_or_else(|| Error::not_found("the market went away"))?.1;
                let (new, changed) = changed(&market.settings(), &market.delayed_settings(), set, path)?;
                (Amendment::Market(new), changed)
            }
            Self::Limiter(_) => {
                let found = snapshot.limiters.iter().find(|(one, _)| *one == key);
                let limiter = &found.ok_or_else(|| Error::not_found("the limiter went away"))?.1;
                let (new, changed) = changed(&limiter.settings, &limiter.delayed, set, path)?;
                (Amendment::Limiter(new), changed)
            }
            Self::Band(..) => {
                let found = snapshot.bands.iter().find(|(one, _)| *one == key);
                let band = &found.ok_or_else(|| Error::not_found("the band went away"))?.1;
                let (new, changed) = changed(&band.settings, &band.delayed, set, path)?;
                (Amendment::Band(new), changed)
            }
            Self::Invariant(..) => {
                let found = snapshot.invariants.iter().find(|(one, _)| *one == key);
                let one = &found.ok_or_else(|| Error::not_found("the invariant went away"))?.1;
                let (old, delayed) = (Ratios { bps: one.ratio_bps }, Ratios { bps: one.delayed_ratio_bps });
                let (new, changed) = changed(&old, &delayed, set, path)?;
                (Amendment::Invariant(new), changed)
            }
            Self::Protocol | Self::Keeper(_) => {
                return Err(Error::usage(format!("{self} has no settings that --set changes")));
            }
        })
    }
}

fn changed<S: Named>(old: &S, delayed: &S, set: &[String], path: Path) -> Result<(S, Vec<Changed>), Error> {
    let new = with(old, set).map_err(Error::Usage)?;
    let changed = changes(old, &new);
    // the program checks the same; here it is said before anybody signs
    match old.check_change(delayed, &new, path) {
        Ok(_) => Ok((new, changed)),
        Err(rule) => {
            let lines: Vec<_> = changed.iter().map(|one| format!("\n  {}", one.line())).collect();
            let way = match (path, Setting::change(old, &new)) {
                (Path::AtOnce, Change::Loosens) => "; `propose` takes the same options",
                _ => "",
            };
            Err(Error::usage(format!("{} ({}){way}{}", rule.text(), rule.name(), lines.concat())))
        }
    }
}

/// The accounts that an amendment names beside its subject.
///
/// # Errors
/// [`Error::NotFound`].
pub fn rest(snapshot: &Snapshot, subject: Pubkey, amendment: &Amendment) -> Result<Vec<Pubkey>, Error> {
    let vault =
        || snapshot.limiters.iter().find(|(key, _)| *key == subject).map(|(_, limiter)| limiter.vault);
    let invariant = || snapshot.invariants.iter().find(|(key, _)| *key == subject).map(|(_, one)| one);
    Ok(match amendment {
        Amendment::Limiter(_) => [INSTRUCTIONS].into_iter().chain(vault()).collect(),
        // a rule that has no vault comes into force by itself
        Amendment::Arm => vault().map(|vault| vec![INSTRUCTIONS, vault]).unwrap_or_default(),
        Amendment::Band(_) => {
            let band = snapshot.bands.iter().find(|(key, _)| *key == subject);
            band.map(|(_, band)| band.market).into_iter().collect()
        }
        Amendment::Invariant(_) => invariant().map(|one| one.market).into_iter().collect(),
        Amendment::AcceptLoss { .. } | Amendment::Disarm => {
            let terms = invariant().map(|one| one.terms().iter().map(|term| term.account).collect());
            let shown: Option<Vec<Pubkey>> = vault().map(|vault| vec![vault]).or(terms);
            shown.map(|shown| [vec![INSTRUCTIONS], shown].concat()).unwrap_or_default()
        }
        Amendment::Guardians { members, .. } => {
            let newcomers = members.iter().filter(|member| !snapshot.protocol.is_guardian(member));
            newcomers.map(|member| snapshot.addresses.keeper(member)).collect()
        }
        Amendment::Authority(to) => vec![snapshot.addresses.keeper(to)],
        Amendment::Pin | Amendment::Unpin => vec![program_data(&snapshot.protocol.program)],
        Amendment::Detach => {
            let mut markets: Vec<_> = snapshot.markets.iter().map(|(key, _)| *key).collect();
            let armed = snapshot.limiters.iter().filter(|(_, limiter)| limiter.armed_at.is_set());
            let mut limiters: Vec<_> = armed.map(|(key, limiter)| [*key, limiter.vault]).collect();
            let mut safes: Vec<_> = snapshot.safes.iter().map(|(key, _)| *key).collect();
            markets.sort_unstable();
            limiters.sort_unstable();
            safes.sort_unstable();
            [vec![INSTRUCTIONS], markets, limiters.concat(), safes].concat()
        }
        _ => Vec::new(),
    })
}

/// A tightening by the authority's signature alone.
///
/// # Errors
/// [`Error::Usage`], [`Error::NotFound`].
pub fn tighten(
    snapshot: &Snapshot,
    authority: Pubkey,
    subject: Subject,
    wish: &Tighten,
) -> Result<Plan, Error> {
    let key = subject.address(snapshot)?;
    let (amendment, mut says) = match wish {
        Tighten::Set(set) => {
            let (amendment, changed) = subject.with(snapshot, set, Path::AtOnce)?;
            (amendment, changed.iter().map(Changed::line).collect())
        }
        Tighten::Arm => (Amendment::Arm, Vec::new()),
        Tighten::Pin => (Amendment::Pin, Vec::new()),
        Tighten::TakeBackUpgrade => (Amendment::ApproveUpgrade([0; 32]), Vec::new()),
    };
    amendment.check().map_err(|rule| Error::usage(format!("{} ({})", rule.text(), rule.name())))?;
    let rest = rest(snapshot, key, &amendment)?;
    let protocol = snapshot.addresses.protocol;
    let segment = snapshot.segment();
    let instruction = instruction::amend(authority, protocol, key, (&amendment, &rest), segment);
    says.push("takes effect: in the slot in which it lands; stays until a proposal loosens it".to_owned());
    says.push("going back to the last delayed value is one proposal, and waits".to_owned());
    Ok(Plan {
        title: format!("tighten {}", content::subject_name(&key, snapshot)),
        instructions: vec![instruction],
        says,
        ..Plan::default()
    })
}

/// What tightens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tighten {
    /// Settings, as `name=value`.
    Set(Vec<String>),
    /// From shadow to force.
    Arm,
    /// The program is pinned as it is deployed.
    Pin,
    /// An approved upgrade is approved no longer.
    TakeBackUpgrade,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The program takes none of them twice and misses none, so it takes them in order.
    #[test]
    fn who_leaves_shows_its_safes_last_and_in_order() {
        let mut snapshot = crate::status::tests::snapshot();
        let [first, last] = [1, 2].map(|byte| Pubkey::new_from_array([byte; 32]));
        snapshot.safes = [last, first].map(|key| (key, Box::new(bytemuck::Zeroable::zeroed()))).into();
        let protocol = snapshot.addresses.protocol;
        let shown = rest(&snapshot, protocol, &Amendment::Detach).expect("nothing is missing");
        assert_eq!(shown[0], INSTRUCTIONS);
        assert_eq!(shown[shown.len() - 2..], [first, last]);
    }

    #[test]
    fn subjects_are_read_as_people_type_them() {
        let key = Pubkey::new_from_array([7; 32]);
        for (text, subject) in [
            ("protocol".to_owned(), Subject::Protocol),
            ("market:3".to_owned(), Subject::Market(3)),
            (format!("limiter:{key}"), Subject::Limiter(key)),
            (format!("keeper:{key}"), Subject::Keeper(key)),
            ("band:0/2".to_owned(), Subject::Band(0, 2)),
            ("invariant:1/0".to_owned(), Subject::Invariant(1, 0)),
        ] {
            assert_eq!(text.parse(), Ok(subject), "{text}");
        }
        for text in ["", "market", "market:x", "limiter:abc", "band:1", "band:0/256", "protocol:1"] {
            let error = text.parse::<Subject>().expect_err(text);
            assert!(error.contains("limiter:VAULT"), "{error}");
        }
    }
}
