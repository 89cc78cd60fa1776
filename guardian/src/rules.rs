//! The rules that an automatic latch stands for, and what shows each of them to a `resume`.

use firebreak_interface::state::{Source, program_data};
use solana_instruction::AccountMeta;
use solana_pubkey::Pubkey;

use crate::{chain::Snapshot, content};

/// A rule, and the accounts that show what it measures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What people call it.
    pub name: String,
    /// Its account and those that it measures, in the order in which `resume` reads them; none where the endpoint does not
    /// show the rule.
    pub shown: Option<Vec<AccountMeta>>,
}

/// The rules at these places of a scope: a market, or the protocol.
pub fn of(snapshot: &Snapshot, scope: &Pubkey, source: Source, places: u64) -> Vec<Rule> {
    if !source.is_automatic() {
        return Vec::new();
    }
    let places = (0..u64::BITS).filter(|place| places & (1 << place) != 0);
    places.map(|place| rule(snapshot, scope, source, place.into())).collect()
}

fn rule(snapshot: &Snapshot, scope: &Pubkey, source: Source, place: u64) -> Rule {
    let (write, read) = (|key| AccountMeta::new(key, false), |key| AccountMeta::new_readonly(key, false));
    let found = match source {
        Source::Limiter => {
            let mut limiters = snapshot.limiters.iter();
            let found = limiters.find(|(_, one)| one.market == *scope && one.place == place);
            found.map(|(key, one)| (*key, vec![write(*key), read(one.vault)]))
        }
        Source::PriceBand => {
            let mut bands = snapshot.bands.iter();
            let found = bands.find(|(_, one)| one.market == *scope && u64::from(one.index) == place);
            found.map(|(key, one)| {
                let feeds = [&one.settings.primary, &one.settings.second];
                let feeds = feeds.into_iter().filter(|feed| feed.is_set()).map(|feed| read(feed.account));
                (*key, std::iter::once(write(*key)).chain(feeds).collect())
            })
        }
        Source::Invariant => {
            let mut invariants = snapshot.invariants.iter();
            let found = invariants.find(|(_, one)| one.market == *scope && u64::from(one.index) == place);
            found.map(|(key, one)| {
                let terms = one.terms().iter().map(|term| read(term.account));
                (*key, std::iter::once(write(*key)).chain(terms).collect())
            })
        }
        _ => {
            let data = program_data(&snapshot.protocol.program);
            return Rule { name: "the pin of the program".to_owned(), shown: Some(vec![read(data)]) };
        }
    };
    match found {
        Some((key, shown)) => Rule { name: content::subject_name(&key, snapshot), shown: Some(shown) },
        None => Rule { name: format!("rule {place}, which this endpoint does not show"), shown: None },
    }
}
