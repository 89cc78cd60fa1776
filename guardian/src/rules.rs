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

#[cfg(test)]
mod tests {
    use bytemuck::Zeroable;
    use firebreak_interface::state::{Invariant, PriceBand, Term};

    use super::*;
    use crate::status::tests::{key, snapshot};

    fn shown(rules: &[Rule]) -> Vec<Vec<(Pubkey, bool)>> {
        let metas = rules.iter().map(|rule| rule.shown.clone().unwrap_or_default());
        metas.map(|metas| metas.iter().map(|meta| (meta.pubkey, meta.is_writable)).collect()).collect()
    }

    #[test]
    fn each_rule_is_shown_with_what_it_measures_in_the_order_of_places() {
        let mut snapshot = snapshot();
        let market = snapshot.markets[0].0;
        let other = key(99);
        // of another market, at the same place
        let mut limiters = Vec::new();
        for (place, vault, market) in [(0, 41, other), (4, 44, market), (0, 40, market)] {
            let limiter =
                firebreak_client::Limiter { place, vault: key(vault), market, ..Zeroable::zeroed() };
            limiters.push((key(vault + 100), Box::new(limiter)));
        }
        snapshot.limiters = limiters;
        let rules = of(&snapshot, &market, Source::Limiter, 0b1_0001);
        assert_eq!(
            shown(&rules),
            [[(key(140), true), (key(40), false)], [(key(144), true), (key(44), false)]]
        );
        assert_eq!(rules[0].name, format!("the limiter of vault {}", key(40)));

        let mut band = PriceBand { index: 1, market, ..Zeroable::zeroed() };
        band.settings.primary.account = key(50);
        snapshot.bands = vec![(key(150), Box::new(band))];
        let one = shown(&of(&snapshot, &market, Source::PriceBand, 0b10));
        assert_eq!(one, [[(key(150), true), (key(50), false)]]);
        band.settings.second.account = key(51);
        snapshot.bands = vec![(key(150), Box::new(band))];
        let two = shown(&of(&snapshot, &market, Source::PriceBand, 0b10));
        assert_eq!(two, [[(key(150), true), (key(50), false), (key(51), false)]]);

        let data = program_data(&snapshot.protocol.program);
        let protocol = snapshot.addresses.protocol;
        assert_eq!(shown(&of(&snapshot, &protocol, Source::Program, 1)), [[(data, false)]]);
    }

    #[test]
    fn an_invariant_is_shown_with_its_terms() {
        let mut snapshot = snapshot();
        let market = snapshot.markets[0].0;
        let mut invariant = Invariant { index: 2, market, ..Zeroable::zeroed() };
        let term = |account| Term { account: key(account), ..Zeroable::zeroed() };
        invariant.counts = [1, 1];
        (invariant.terms[0], invariant.terms[1]) = (term(60), term(61));
        snapshot.invariants = vec![(key(160), Box::new(invariant))];
        let rules = of(&snapshot, &market, Source::Invariant, 0b100);
        assert_eq!(shown(&rules), [[(key(160), true), (key(60), false), (key(61), false)]]);
    }

    #[test]
    fn a_rule_that_is_not_seen_is_said_and_a_person_is_no_rule() {
        let snapshot = snapshot();
        let market = snapshot.markets[0].0;
        let rules = of(&snapshot, &market, Source::Limiter, 1 << 9);
        assert!(
            rules.len() == 1 && rules[0].shown.is_none() && rules[0].name.contains("rule 9"),
            "{rules:?}"
        );
        assert!(of(&snapshot, &market, Source::Guardian, u64::MAX).is_empty());
    }
}
