//! Whatever bytes an account holds: read as what it is or not at all, and never a panic. What is read is then asked
//! everything that a reader would ask.

use bytemuck::Zeroable;
use firebreak_interface::{
    Instant, Operation, Severity,
    constants::PROTOCOL_VERSION,
    gate::decide_at,
    oracle::PriceUpdate,
    state::{
        Act, ConfirmOrder, Coverage, DISCRIMINATOR, ENTRY_SPACE, GuardianBudget, Invariant, Journal,
        JournalEntry, JournalSegment, Keeper, Layout, Limiter, Market, Measurement, PriceBand, Proposal,
        Protocol, Reading, ResumeOrder, Shown, Source, Standing, TOKEN, TOKEN_2022, Term, TermSettings,
        VaultState,
    },
};
use proptest::{
    prelude::Rng,
    test_runner::{RngAlgorithm, TestRng},
};
use solana_program::pubkey::Pubkey;

/// Two slots of a board: what a rule raises, and what a person does.
const SLOTS: [(Source, Severity); 2] =
    [(Source::Invariant, Severity::Critical), (Source::Guardian, Severity::Major)];

/// Cases of a reader; with all readers over a million.
const CASES: usize = 150_000;

/// Bytes that are random, but for long runs of zeros and ones, which is where the edges are.
fn fill(rng: &mut TestRng, bytes: &mut [u8]) {
    rng.fill_bytes(bytes);
    let word = rng.next_u64();
    if word & 3 == 0 && !bytes.is_empty() {
        let from = (word >> 8) as usize % bytes.len();
        let to = from + (word >> 32) as usize % (bytes.len() - from + 1);
        bytes[from..to].fill(if word & 4 == 0 { 0 } else { 0xff });
    }
}

/// A random clock.
fn now(rng: &mut TestRng) -> Instant {
    let shift = rng.next_u32() % 64;
    Instant::new(rng.next_u64() >> shift, (rng.next_u64() >> shift).cast_signed())
}

/// Shows a reader every kind of mistake; whatever it reads is handed to `ask`. The random part is what changes most:
/// the head of the account.
fn read_all<L: Layout>(mut ask: impl FnMut(L, &mut TestRng)) {
    let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut bytes = vec![0; L::SPACE + 16];
    let mut read = 0;
    for case in 0..CASES {
        let head = if case % 64 == 0 { bytes.len() } else { 256.min(bytes.len()) };
        fill(&mut rng, &mut bytes[..head]);
        let word = rng.next_u32() as usize;
        let has_tag = word & 1 == 0;
        if has_tag {
            bytes[..DISCRIMINATOR].copy_from_slice(&L::TAG);
        }
        let length = match word >> 1 & 3 {
            0 | 1 => L::SPACE,
            2 => (word >> 3) % (bytes.len() + 1),
            _ => L::SPACE + 1,
        };
        let account = L::copy_from(&bytes[..length]);
        assert_eq!(account.is_some(), has_tag && length == L::SPACE, "case {case}");
        if let Some(account) = account {
            read += 1;
            ask(account, &mut rng);
        }
        // where the bytes happen to lie badly in memory this reader may say no, but never yes to another account
        assert!(L::read(&bytes[..length]).is_none() || account.is_some(), "case {case}");
    }
    assert!(read > CASES / 8, "the right accounts are read: {read}");
}

#[test]
fn a_market_and_its_gate() {
    let mut protocol = Protocol::zeroed();
    read_all::<Market>(|mut market, rng| {
        let now = now(rng);
        let operation = Operation::from_bit((rng.next_u32() % 64) as u8).expect("64 of them");
        let _ = decide_at(&protocol, &market, operation, now);
        let _ = market.in_force(&protocol.board, now);
        let _ = market.raise(Pubkey::default(), Default::default(), rng.next_u32(), 0, now);
        let _ = market.announce_maintenance(rng.next_u32() % 20_000, &protocol.board, now);
        let _ = market.count_limiter();
        for (source, severity) in SLOTS {
            if let Some((latch, slot)) = market.board.live(source, severity, now) {
                let (count, rules, steps) =
                    (slot.count, slot.rules, (market.dwell, market.liquidation_grace));
                let confirm = ConfirmOrder { latch, seconds: rng.next_u32() % 700_000 };
                let _ = { market.board }.confirm(&confirm, steps, now);
                let _ = { market.board }.resume(&ResumeOrder { latch, count, rules }, rules, steps, now);
            }
        }
        let _ = market.board.step_down(now);
        let _ = market.assert_invariant();
        protocol.board = market.board;
    });
}

#[test]
fn a_protocol() {
    let market = Market::zeroed();
    read_all::<Protocol>(|mut protocol, rng| {
        let now = now(rng);
        let _ = decide_at(&protocol, &market, Operation::WITHDRAW, now);
        let _ = protocol.is_guardian(&Pubkey::default());
        let _ = protocol.check_registration_open();
        let _ = protocol.count_armed();
        let _ = protocol.board.step_down(now);
        let _ = protocol.members(&[Pubkey::default()]);
        let _ = protocol.thresholds().map(|thresholds| thresholds.strictest());
        let _ = protocol.pause_budget();
        let _ = { protocol }.freeze_authority(protocol.authority_epoch, now);
        let _ = protocol.migrate();
    });
}

#[test]
fn a_proposal() {
    let mut protocol = Protocol::zeroed();
    protocol.version = PROTOCOL_VERSION;
    read_all::<Proposal>(|mut proposal, rng| {
        let now = now(rng);
        if rng.next_u32() & 1 == 0 {
            // a content that may be one
            proposal.content_len %= 1_024;
            (proposal.content[0], proposal.content[1]) = (0, proposal.content[1] % 8);
            proposal.status = 1;
        }
        let word = rng.next_u64().to_le_bytes();
        (protocol.guardian_count, protocol.thresholds.veto, protocol.pending_proposals) =
            (word[0], word[1], word[2].into());
        let _ = proposal.status();
        proposal.by_guardian = word[3] & 1;
        if let Some((scope, act)) = proposal.read_act() {
            let _ = act.check();
            let _ = { proposal }.execute_act(&protocol, (&act, &scope), now);
        }
        if let Some((accounts, proposed)) = proposal.read_content() {
            let _ = proposed.check();
            let _ = { proposal }.execute(&mut protocol, (&proposed, &accounts), now);
        }
        let _ = { proposal }.approve(&protocol, rng.next_u32() as u16, rng.next_u64(), now);
        let _ = { proposal }.veto(&mut protocol, rng.next_u32() as u16, now);
        let _ = proposal.cancel(&mut protocol, &Pubkey::default(), now);
    });
}

#[test]
fn a_limiter() {
    read_all::<Limiter>(|mut limiter, rng| {
        let now = now(rng);
        let mut bytes = [0; 165];
        fill(rng, &mut bytes);
        let vault = VaultState::read(&TOKEN, &bytes);
        let _ = (limiter.severity(now), limiter.bound(vault.amount), limiter.shortfall(&vault));
        let _ = limiter.take_pending(Pubkey::default(), Pubkey::default());
        let _ = limiter.assert_invariant();
    });
}

#[test]
fn a_price_band() {
    read_all::<PriceBand>(|mut band, rng| {
        let (now, feed_id) = (now(rng), band.settings.primary.id);
        let [price, conf, publish_time, posted_slot] =
            [(); 4].map(|()| rng.next_u64() >> (rng.next_u32() % 64));
        let exponent = band.exponent.saturating_add((rng.next_u32() % 16) as i32 - 8);
        let (price, publish_time) = (price.cast_signed(), publish_time.cast_signed());
        let update = PriceUpdate { partial: None, feed_id, price, conf, exponent, publish_time, posted_slot };
        let prices = [Some(update), Some(PriceUpdate { feed_id: band.settings.second.id, ..update })];
        let _ = band.measure(&prices, now);
        let _ = { band }.resume(Severity::Major, &prices, now);
        let _ = band.prove(&prices, rng.next_u32(), now);
        let _ = band.observe(&prices, now);
        let settings = band.settings;
        let _ = band.initialize(Default::default(), (0, 0), &settings, &prices, now);
    });
}

#[test]
fn an_invariant() {
    read_all::<Invariant>(|mut invariant, rng| {
        let mut bytes = [0; 200];
        fill(rng, &mut bytes);
        // most of them have few terms, so that all of those are shown
        if rng.next_u32() & 3 != 0 {
            invariant.counts = [rng.next_u32() % 4, rng.next_u32() % 4];
        }
        let mut measurement = Measurement::default();
        for term in invariant.terms() {
            let data = &bytes[..rng.next_u32() as usize % bytes.len()];
            let shown = Shown { key: &term.account, program: &term.program, data };
            invariant.show(&mut measurement, &shown).expect("the terms' own accounts");
        }
        let now = now(rng);
        let _ = { invariant }.resume(Severity::Critical, &measurement, now);
        let measured = invariant.measure(&measurement).expect("all were shown");
        let (trip, _) = invariant.confirm(measured, rng.next_u32(), now);
        assert_eq!(trip.is_some(), measured.is_some());
        let _ = (invariant.shadow.tell(None, now), invariant.assert_invariant());
    });
}

#[test]
fn a_term_is_read_as_what_it_is_or_not_at_all() {
    let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut bytes = [0; 300];
    let (mut read, mut cut) = (0, 0);
    for case in 0..CASES {
        fill(&mut rng, &mut bytes);
        let word = rng.next_u32() as usize;
        let data = &bytes[..[82, 165, 200, (word >> 8) % 300][word & 3]];
        let program = [TOKEN, TOKEN_2022, Pubkey::new_from_array([7; 32])][(word >> 2) % 3];
        let offset = rng.next_u32() >> (rng.next_u32() % 32);
        let (reading, width) = [
            (Reading::TokenBalance, 0),
            (Reading::MintSupply, 0),
            (Reading::U64(offset), 8),
            (Reading::I64(offset), 8),
            (Reading::U128(offset), 16),
        ][(word >> 5) % 5];
        let shown = Shown { key: &Pubkey::new_from_array([9; 32]), program: &program, data };
        let settings = TermSettings { reading, coefficient: rng.next_u64() };
        let Ok(term) = Term::register(&settings, &shown) else { continue };
        read += 1;
        assert!(term.read(&shown).is_some(), "case {case}");
        if width > 0 {
            assert!(offset as usize + width <= data.len(), "case {case}");
            let short = Shown { data: &data[..offset as usize + width - 1], ..shown };
            assert_eq!(term.read(&short), None, "case {case}");
            cut += 1;
        }
        let foreign = Shown { program: &Pubkey::default(), ..shown };
        assert_eq!(term.read(&foreign), None, "case {case}");
    }
    assert!(read > CASES / 50 && cut > CASES / 100, "both happen: {read} read, {cut} cut");
}

#[test]
fn the_journal() {
    read_all::<Journal>(|mut journal, rng| {
        let entry = JournalEntry::new(Act::Raised, Pubkey::default(), Pubkey::default(), now(rng));
        let _ = journal.append(entry, None, true);
    });
    read_all::<JournalSegment>(|segment, _| {
        for entry in segment.entries().iter().take(2) {
            let _ = JournalEntry::from_bytes(entry);
        }
    });
}

#[test]
fn the_small_accounts() {
    read_all::<Keeper>(|_, _| {});
    read_all::<GuardianBudget>(|_, _| {});
    read_all::<Coverage>(|coverage, _| assert!(coverage.rows().len() <= 64));
    let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    for _ in 0..CASES {
        let mut standing = Standing::default();
        fill(&mut rng, bytemuck::bytes_of_mut(&mut standing));
        let measured = Severity::ABOVE_NORMAL[rng.next_u32() as usize % 3];
        let delay = rng.next_u32();
        let now = now(&mut rng);
        assert!(standing.confirm(measured, delay, now) <= measured);
    }
}

#[test]
fn an_entry_is_what_it_was_written_from() {
    let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut bytes = [0; ENTRY_SPACE];
    for case in 0..CASES {
        fill(&mut rng, &mut bytes);
        if case % 2 == 0 {
            // the three enums of an entry; else nearly no bytes are one
            bytes[88] %= 16;
            bytes[89] %= 4;
            bytes[90] %= 4;
        }
        if let Some(entry) = JournalEntry::from_bytes(&bytes) {
            assert_eq!(entry.to_bytes(), bytes[..JournalEntry::LEN], "case {case}");
        } else {
            assert_ne!(case % 2, 0, "case {case}");
        }
    }
}

#[test]
fn a_vault_is_a_token_account_of_a_token_program() {
    let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut bytes = [0; 300];
    for case in 0..CASES {
        fill(&mut rng, &mut bytes);
        let word = rng.next_u32() as usize;
        let (program, is_ours) = match word & 3 {
            0 => (TOKEN, true),
            1 => (TOKEN_2022, true),
            _ => (Pubkey::new_from_array([word as u8; 32]), false),
        };
        let length = if word & 4 == 0 { 165 } else { (word >> 3) % (bytes.len() + 1) };
        let vault = VaultState::read(&program, &bytes[..length]);
        let may_be_one = is_ours && length >= 165 && (length == 165 || program == TOKEN_2022);
        assert!(vault == VaultState::default() || may_be_one, "case {case}");
    }
}
