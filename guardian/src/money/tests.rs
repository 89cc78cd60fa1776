//! What is in safety, told of made-up accounts.

use bytemuck::Zeroable;
use firebreak_interface::{
    constants::HOLD_EXTENSION_MAX,
    pda,
    state::{
        ClaimsOrder, GuardianAct, HeldRange, LatchId, MigrateOrder, ReleaseOrder, RouteSettings, Source,
    },
};

use super::*;
use crate::{
    content::of_act,
    status::tests::{NOW, key, snapshot, trip},
};

const MINT: u8 = 40;
const VAULT: u8 = 41;
const OWNER: u8 = 42;

/// A token account of the mint, with nothing wrong about it.
fn holding(owner: Pubkey, amount: u64) -> (Pubkey, VaultState) {
    (key(6), VaultState { mint: key(MINT), owner, amount, sound: true })
}

/// A market with a safe, and a vault in escort with its way there.
pub(crate) fn guarded() -> (Snapshot, Tokens) {
    let mut snapshot = snapshot();
    let (market, protocol) = (snapshot.markets[0].0, snapshot.addresses.protocol);
    let safe_key = pda::safe(&market, &key(MINT)).0;
    let account = pda::safe_tokens(&safe_key).0;
    let mut safe = Safe::zeroed();
    safe.initialize([protocol, market, key(MINT), account], 254, key(6));
    let vault = holding(key(OWNER), 900);
    let mut route = Route::zeroed();
    let keys = [protocol, market, key(VAULT), safe_key];
    route.register(keys, 254, &RouteSettings::starting(), &vault.1, None).expect("within bounds");
    snapshot.limiters[0].1.vault = key(VAULT);
    snapshot.safes = vec![(safe_key, Box::new(safe))];
    snapshot.routes = vec![(pda::route(&market, &key(VAULT)).0, Box::new(route))];
    let accounts = [(key(VAULT), vault), (account, holding(safe_key, 0))];
    let tokens = Tokens { accounts: accounts.into(), decimals: [(key(MINT), 2)].into() };
    (snapshot, tokens)
}

fn told(snapshot: &Snapshot, tokens: &Tokens) -> String {
    text(&safes(snapshot, tokens))
}

#[track_caller]
fn says(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.contains(line), "no `{line}` in:\n{text}");
    }
}

#[test]
fn an_empty_safe_and_a_vault_in_escort_are_told() {
    let (snapshot, tokens) = guarded();
    let text = told(&snapshot, &tokens);
    says(
        &text,
        &[
            "market 0: no migration is ordered",
            &format!("safe of mint {}: 0 tokens (0 units) in ", key(MINT)),
            "kept for its vaults 0, owed to 0 held withdrawals 0, left for claims 0, free 0",
            &format!(
                "vault {}, in escort of {}: has 9 tokens (900 units); moved to safety: 0 sent, 0 received",
                key(VAULT),
                key(OWNER)
            ),
        ],
    );
    for word in ["NOT SOUND", "MIGRATING", "going back", "NO ROUTE", "by anyone", "holds what"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
}

#[test]
fn what_was_moved_and_what_is_owed_are_told_apart() {
    let (mut snapshot, mut tokens) = guarded();
    let safe_key = snapshot.safes[0].0;
    let safe = &mut snapshot.safes[0].1;
    safe.keep(700);
    safe.hold(50).expect("room");
    (safe.claims_left, safe.claims_epoch) = (100, 1);
    snapshot.routes[0].1.migrated(750, 700);
    tokens.accounts.insert(safe.tokens, holding(safe_key, 850));
    says(
        &told(&snapshot, &tokens),
        &[
            "8.5 tokens (850 units)",
            "kept for its vaults 700, owed to 1 held withdrawals 50, left for claims 100, free 700",
            "moved to safety: 750 sent, 700 received",
        ],
    );
}

#[test]
fn a_migration_is_told_until_it_ends() {
    let (mut snapshot, tokens) = guarded();
    snapshot.markets[0].1.migrating_until = NOW.plus(7_200);
    says(
        &told(&snapshot, &tokens),
        &["market 0: MIGRATING, 2 h left, until ", "`migrate --market 0 --move`"],
    );
    snapshot.now = NOW.plus(7_200);
    assert!(!told(&snapshot, &tokens).contains("MIGRATING"));
}

#[test]
fn who_may_move_what_and_what_waits_is_told() {
    let (mut snapshot, mut tokens) = guarded();
    let (key_of_route, route) = &mut snapshot.routes[0];
    (route.settings.by_anyone, route.settings.holds, route.vault_owner) = (1, 2, *key_of_route);
    (route.release.left, route.release.step, route.release.next_at) = (300, 100, NOW.plus(600));
    route.release.to = route.vault;
    let text = told(&snapshot, &tokens);
    says(
        &text,
        &[
            "in custody: has 9 tokens",
            "; by anyone at Critical",
            "; holds what exceeds the gross limit or a net limit, for 6 h",
            "going back to the vault: 300 left, 100 a step, the next in 10 min",
            &format!("`release step --vault {}`", key(VAULT)),
        ],
    );
    tokens.accounts.remove(&key(VAULT));
    says(&told(&snapshot, &tokens), &["has NO ACCOUNT any longer"]);
}

#[test]
fn a_safe_that_somebody_could_spend_from_and_a_vault_without_a_way_stand_out() {
    let (mut snapshot, mut tokens) = guarded();
    let account = snapshot.safes[0].1.tokens;
    tokens.accounts.get_mut(&account).expect("it is there").1.sound = false;
    says(&told(&snapshot, &tokens), &["; NOT SOUND"]);
    snapshot.routes.clear();
    says(&told(&snapshot, &tokens), &[&format!("vault {} has NO ROUTE", key(VAULT))]);
    snapshot.safes.clear();
    says(&told(&snapshot, &tokens), &["no safe: `propose safe`"]);
}

/// A withdrawal of this number, which came now, and waits for an hour.
fn held(number: u64, severity: Severity) -> Held {
    let mut held = Held::zeroed();
    let keys = [key(50), key(51), key(52)];
    held.initialize(keys, 254, (9, number, 250), (3_600, severity), NOW);
    held
}

#[test]
fn a_held_withdrawal_is_told_by_what_becomes_of_it() {
    let (mut snapshot, tokens) = guarded();
    let mut safe = *snapshot.safes[0].1;
    for _ in 0..4 {
        safe.hold(250).expect("room");
    }
    let told = |snapshot: &Snapshot, safe: &Safe, held: &Held| {
        let view = HeldView::new(snapshot, &tokens, safe, held);
        (view.due, view.line())
    };
    let (calm, tense) = (held(1, Severity::Normal), held(2, Severity::Major));
    let (due, line) = told(&snapshot, &safe, &calm);
    assert!(!due && line.ends_with("matures in 1 h"), "{line}");
    assert!(line.starts_with(&format!("1: 2.5 tokens (250 units) of {}, matures ", key(51))), "{line}");

    snapshot.now = NOW.plus(3_600);
    let (due, line) = told(&snapshot, &safe, &calm);
    assert!(due && line.ends_with("DUE: `held claim 1` pays it"), "{line}");
    // one that came in an incident waits for its end
    assert!(snapshot.markets[0].1.latch_trip((Source::Limiter, 0), &trip(), NOW.plus(20_000), NOW));
    let (due, line) = told(&snapshot, &safe, &tense);
    assert!(!due && line.ends_with("waits for the end of the incident: paid in 7 d at the latest"), "{line}");
    assert!(told(&snapshot, &safe, &calm).0, "the other came before it");

    safe.flag((1, 2), NOW).expect("there are four");
    let (due, line) = told(&snapshot, &safe, &calm);
    assert!(!due && line.contains("FLAGGED, waits for the guardians' decision: paid in 7 d"), "{line}");
    safe.decide((1, 1), false, NOW).expect("it is flagged");
    let (due, line) = told(&snapshot, &safe, &calm);
    assert!(due && line.contains("refused by guardians"), "{line}");
    snapshot.now = NOW.plus(3_600 + u64::from(HOLD_EXTENSION_MAX));
    assert!(told(&snapshot, &safe, &tense).0, "nobody decided");
}

#[test]
fn what_guardians_do_with_money_is_told_before_they_sign() {
    let (mut snapshot, _) = guarded();
    let market = snapshot.markets[0].0;
    assert!(snapshot.markets[0].1.latch_trip((Source::Limiter, 0), &trip(), NOW.plus(7_200), NOW));
    let latch = LatchId { source: Source::Limiter, severity: Severity::Major, since: NOW };
    let order = GuardianAct::Migrate(MigrateOrder { latch });
    let lines = |snapshot: &Snapshot, act: &GuardianAct| of_act(act, &market, snapshot).join("\n");
    says(
        &lines(&snapshot, &order),
        &[
            "orders that all vaults of market 0 with a route be emptied into their safes, for a day",
            "because of the latch by limiter, Major, since slot 1000 in market 0",
            "which holds for 2 h more",
            "1 vaults have a route, of which anyone moves 0 and the protected program 1",
        ],
    );
    snapshot.now = NOW.plus(7_200);
    says(&lines(&snapshot, &order), &["void: it holds no longer"]);
    snapshot.routes.clear();
    says(&lines(&snapshot, &order), &[&format!("NOT moved, as it has no route: vault {}", key(VAULT))]);

    let release = |destination| {
        GuardianAct::Release(ReleaseOrder { vault: key(VAULT), amount: 5, destination, owner: key(OWNER) })
    };
    let back = lines(&snapshot, &release(key(VAULT)));
    says(
        &back,
        &["releases 5 of vault", "to the vault, in four steps", "14 days after enough have approved"],
    );
    let elsewhere = lines(&snapshot, &release(key(60)));
    says(&elsewhere, &[&format!("to {} of {}", key(60), key(OWNER))]);
    assert!(!elsewhere.contains("14 days"), "the authority signs that: {elsewhere}");
    let range = HeldRange { mint: key(MINT), from: 3, to: 7 };
    says(&lines(&snapshot, &GuardianAct::FlagHeld(range)), &["flags held withdrawals 3 to 7", "seven days"]);
    let decided = |pay| lines(&snapshot, &GuardianAct::DecideHeld { range, pay });
    says(&decided(true), &["pays flagged withdrawals 3 to 7"]);
    says(&decided(false), &["refuses flagged withdrawals 3 to 7"]);
    let claims = ClaimsOrder { mint: key(MINT), epoch: 2, root: [0xab; 32], total: 9 };
    says(
        &lines(&snapshot, &GuardianAct::OpenClaims(claims)),
        &["opens claims of 9 together", "set 2", "root abababab"],
    );
}
