//! The drill, act by act.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use firebreak_chain::{send, token};
use firebreak_client::{
    VaultState,
    account::Kind,
    interface::{
        Operation, Severity, pda,
        state::{Held, Route, Safe},
    },
};
use solana_account::Account;
use solana_client::nonblocking::rpc_client::RpcClient;
use solana_commitment_config::CommitmentConfig;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use tokio::time::sleep;

use super::{
    Ending,
    desk::{Desk, QUORUM, Who},
    keeper::Keeper,
    queue,
    report::{Figures, Report, Vault},
    thief::{self, Theft, Thief, Tried},
};
use crate::{
    error::{DemoError, Trying},
    guarded::{QUIET_SLOTS, Traffic, verified_journal},
    honest::{self, Attempt, Tally},
    keeper::Event,
    programs::{self, Guard},
    report::Amount,
    scenario::Ground,
    stage::{COIN, COLLATERALS, Collateral, DOLLAR, Stage, USD},
    timeline::Timeline,
    watch::{Change, Seen, View, Watch, decode},
};

/// What each of the lenders withdraws in the middle of the attack.
const TOO_MUCH: u64 = 20_000 * USD;
/// Each one's number for that.
const FIRST: u64 = 0;
/// How long guardians look before one of them pauses, in slots.
const THEY_LOOK: u32 = 4;
/// A vault into which users pay all the time may have to be emptied more than once.
const SWEEPS: u32 = 10;
/// Longer than any delay of a drill.
const PATIENCE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(100);

/// Plays it.
pub(super) async fn play(ground: &Ground, ending: Ending) -> Result<Report, DemoError> {
    let (start, tell) = (Instant::now(), ground.progress);
    programs::require(&ground.programs, &[Guard::Drill])?;
    tell(&format!("the drill that ends with {}: starting the chain", ending.name()));
    let chain = crate::start(ground, Guard::Drill).await?;
    tell("creating the venue, connecting it to the drill's breaker, giving each vault a way to safety");
    let stage = Arc::new(Stage::set_up(&chain, Guard::Drill).await?);
    let moved_in = honest::move_in(&stage).await?;
    let mut keeper = Keeper::start(&chain, &stage).await?;
    tell("honest users trade");
    let traffic = Traffic::start(Arc::clone(&stage));
    let slot = chain.measure_slot(QUIET_SLOTS).await.trying("measuring a slot")?;
    let mut story = Story {
        stage: Arc::clone(&stage),
        rpc: RpcClient::new_with_commitment(chain.rpc_url().to_owned(), CommitmentConfig::confirmed()),
        desk: Desk::set_up(&chain, &stage, tell).await?,
        traffic: Some(traffic),
        tally: moved_in,
        tell,
        told: Vec::new(),
        tried: Vec::new(),
    };

    let attack = story.attack(slot).await?;
    let rescue = story.rescue().await?;
    let users_paid = story.judge(&attack, chain.payer()).await?;
    let end = match ending {
        Ending::Return => story.bring_back(chain.payer()).await?,
        Ending::Claims => story.share_out().await?,
    };
    keeper.require_alive("during the drill").await?;
    story.quiet().await?;
    for attempt in &rescue.attempts {
        story.tally.count(attempt.operation, &attempt.result);
    }
    let lines = keeper.stop().await?;
    story.caught_up().await?;
    let vaults = [story.vault(DOLLAR, &attack, &rescue).await?, story.vault(COIN, &attack, &rescue).await?];
    let (_, journal) = verified_journal(&story.rpc, &stage).await?;
    chain.shutdown().await.trying("ending the chain")?;

    let began = attack.theft.began;
    let mut timeline = Timeline::default();
    timeline.add(began, began, Some(attack.theft.slot), "first malicious transaction");
    for line in lines.iter().filter(|line| line.at >= began) {
        if let Event::Landed { act, .. } = &line.event {
            timeline.add(began, line.at, line.slot, format!("keeper's {act} landed"));
        }
    }
    for (at, slot, what) in story.told {
        timeline.add(began, at, Some(slot), what);
    }
    let waits = |helds: &[Held]| helds.iter().map(|held| held.amount).sum();
    Ok(Report {
        figures: Figures {
            chain: ground.chain,
            slot_ms: u64::try_from(slot.as_millis()).unwrap_or(u64::MAX),
            attack_slot: attack.theft.slot,
            paused_slot: attack.paused_slot,
            ordered_slot: rescue.ordered_slot,
            empty_slot: rescue.empty_slot,
            bound: attack.bound,
            bound_seconds: attack.bound_seconds,
            stolen: attack.loot,
            thief_waiting: waits(&attack.theft.waits),
            thief_paid: vaults[DOLLAR].thief_has.saturating_sub(attack.loot),
            users_waiting: waits(&attack.users),
            users_paid,
            end,
            vaults,
        },
        timeline,
        typed: story.desk.typed,
        tried: story.tried,
        honest: rescue.attempts,
        honest_done: story.tally.done,
        refused_by_operation: story.tally.refused,
        malicious_refused: attack.theft.refused,
        journal,
        took: start.elapsed(),
    })
}

/// What the attack came to.
struct Attack {
    theft: Theft,
    /// What the vaults held when it began.
    at_stake: [u64; 2],
    /// What the limiter lets leave at most in any interval of so many seconds, read from it before.
    bound: u64,
    bound_seconds: u32,
    /// What the thief got.
    loot: u64,
    /// What waits in the names of honest users.
    users: Vec<Held>,
    paused_slot: u64,
}

/// What the rescue came to.
struct Rescue {
    ordered_slot: u64,
    /// The slot in which the last of the vaults was seen empty; none where one of them never was.
    empty_slot: Option<u64>,
    /// Whether each vault was, both times.
    was_empty: [bool; 2],
    /// What honest users could do while their money was in safety.
    attempts: Vec<Attempt>,
}

/// A drill under way.
pub(super) struct Story {
    pub(super) stage: Arc<Stage>,
    /// Reads what is confirmed, as the command line does. What sends, sees what is processed.
    pub(super) rpc: RpcClient,
    pub(super) desk: Desk,
    /// Honest users, while they trade.
    traffic: Option<Traffic>,
    /// What they did so far.
    tally: Tally,
    pub(super) tell: fn(&str),
    told: Vec<(Instant, u64, String)>,
    /// What the thief tried so far.
    pub(super) tried: Vec<Tried>,
}

impl Story {
    /// The thief comes; the limiter lets its bound pass and has the rest wait, also what honest users want; a guardian closes
    /// the market.
    async fn attack(&mut self, slot: Duration) -> Result<Attack, DemoError> {
        let (stage, watched) = (Arc::clone(&self.stage), self.stage.watched());
        let before = self.view().await?;
        let bound = before.limiter.bound(before.vault.amount)?;
        let bound_seconds = before.limiter.settings.windows[0].seconds;
        let at_stake = [before.vault.amount, self.balance(&stage.vault(COIN)).await?];
        let watch = Watch::start(stage.rpc(), watched, Operation::WITHDRAW, before);
        (self.tell)("the thief comes");
        let thief = Thief::start(Arc::clone(&stage), slot);
        let safe = queue::safe(&stage);
        self.until("a Major of the market, and a withdrawal that waits", async |story: &Self| {
            let view = story.view().await?;
            Ok(view.severity() >= Severity::Major && story.read::<Safe>(safe, "safe").await?.helds > 0)
        })
        .await?;

        let mut users = Vec::new();
        for lender in &stage.lenders {
            let withdraw = queue::ask(&stage, &stage.rpc(), lender, TOO_MUCH, FIRST).await?;
            let landed = send::send(&stage.rpc(), &lender.key, &[], &withdraw).await;
            landed.and_then(send::Landed::ok).trying("an honest withdrawal")?;
            users.extend(queue::waiting(&stage, &stage.rpc(), &lender.address(), FIRST).await?);
        }
        self.note(format!("{} honest withdrawals wait, {} each", users.len(), dollars(TOO_MUCH))).await?;
        sleep(slot * THEY_LOOK).await;
        self.types("pause --market 0 --for 10m", &[Who::Guardian(0)]).await?;
        let paused_slot = self.note("a guardian closed everything but the exits".to_owned()).await?;
        let theft = thief.gives_up().await?;
        self.caught_up().await?;
        let loot = self.balance(&stage.attacker.purses[DOLLAR]).await?;
        let waits: u64 = theft.waits.iter().map(|held| held.amount).sum();
        self.note(format!(
            "the thief gives up: he has {}, and {} waits in his name",
            dollars(loot),
            dollars(waits)
        ))
        .await?;
        for Seen { change, at, slot } in watch.stop().await? {
            let what = match change {
                Change::Loot(loot) => format!("the thief has {}", dollars(loot)),
                Change::Limiter(severity) => format!("limiter latched: {severity:?}"),
                Change::Market(severity) => format!("market is {severity:?}"),
                Change::Closed(operation) => format!("the gate refuses {operation}"),
            };
            self.told.push((at, slot, what));
        }
        Ok(Attack { theft, at_stake, bound, bound_seconds, loot, users, paused_slot })
    }

    /// Guardians order the migration, and anybody moves the vaults, also what comes in later.
    async fn rescue(&mut self) -> Result<Rescue, DemoError> {
        self.types("migrate --market 0", &QUORUM).await?;
        let ordered_slot = self.note("guardians ordered the migration".to_owned()).await?;
        let first = self.sweep().await?;
        let attempts = honest::get_out(&self.stage, true).await?;
        self.caught_up().await?;
        let late = [self.vault_has(DOLLAR).await?, self.vault_has(COIN).await?];
        self.note(format!("exits are open: {} and {} came in meanwhile", late[DOLLAR], late[COIN])).await?;
        self.types("migrate --market 0", &QUORUM).await?;
        self.note("guardians ordered it again: it lasts anew".to_owned()).await?;
        let then = self.sweep().await?;
        self.types("safes", &[]).await?;
        Ok(Rescue {
            ordered_slot,
            empty_slot: first[DOLLAR].zip(first[COIN]).map(|(one, other)| one.max(other)),
            was_empty: [DOLLAR, COIN].map(|place| first[place].is_some() && then[place].is_some()),
            attempts,
        })
    }

    /// Anybody moves all vaults; the slots in which they were seen empty.
    pub(super) async fn sweep(&mut self) -> Result<[Option<u64>; 2], DemoError> {
        let mut empty = [None; 2];
        for (number, place) in (1..).zip([DOLLAR, COIN]) {
            empty[place] = self.empty(place).await?;
            let name = COLLATERALS[place].name;
            self.note(match empty[place] {
                Some(_) => format!("{number} of {} vaults is in safety: {name}", COLLATERALS.len()),
                None => format!("the {name} vault was never seen empty"),
            })
            .await?;
        }
        self.caught_up().await?;
        Ok(empty)
    }

    /// Sends `migrate` until the vault was seen with nothing in it but dust, and the slot of that.
    async fn empty(&self, place: usize) -> Result<Option<u64>, DemoError> {
        let (stage, rpc) = (&self.stage, self.stage.rpc());
        for _ in 0..SWEEPS {
            let migrate = stage.venue.migrate_vault(stage.mints[place], stage.segment(&rpc).await?);
            let sent = send::send(&rpc, &stage.bystander, &[], &[stage.serial(), migrate]).await;
            let landed = sent.and_then(send::Landed::ok).trying("moving a vault to safety")?;
            self.caught_up().await?;
            if self.route(place).await?.is_dust(self.balance(&stage.vault(place)).await?) {
                return Ok(Some(landed.slot));
            }
        }
        Ok(None)
    }

    /// Guardians hold up all that waits, and then say which of it is paid: each user's, and nothing of the thief's. Meanwhile he
    /// tries what he can. What the users got.
    async fn judge(&mut self, attack: &Attack, authority: &Keypair) -> Result<u64, DemoError> {
        let stage = Arc::clone(&self.stage);
        let mint = stage.mints[DOLLAR];
        self.types(&format!("held list --market 0 --mint {mint}"), &[]).await?;
        let numbers = |helds: &[Held]| helds.iter().map(|held| held.number).collect::<Vec<_>>();
        let (thiefs, users) = (numbers(&attack.theft.waits), numbers(&attack.users));
        let last = thiefs.iter().chain(&users).max().copied().unwrap_or_default();
        self.types(&format!("held flag 0..{last} --market 0 --mint {mint}"), &QUORUM).await?;
        self.note(format!("guardians held up all {} withdrawals that wait", last + 1)).await?;

        let own = attack.theft.waits.first();
        let mature = own.map(|held| held.matures_at).unwrap_or_default();
        self.until(
            "the time of what waits",
            async |story: &Self| Ok(mature.reached(story.view().await?.now)),
        )
        .await?;
        let own = own.map(|held| held.nonce).unwrap_or_default();
        self.tried.extend(thief::tries_first(&stage, authority, own).await?);

        for (numbers, verdict) in [(thiefs, "--refuse"), (users, "--pay")] {
            for range in queue::ranges(numbers) {
                let (from, to) = range.into_inner();
                let decide = format!("held decide {from}..{to} --market 0 --mint {mint} {verdict}");
                self.types(&decide, &QUORUM).await?;
            }
        }
        self.note("guardians refused the thief's, and let the users' be paid".to_owned()).await?;
        self.tried.extend(thief::tries_then(&stage, (&stage.lenders[0], FIRST)).await?);
        let before = self.lenders_have().await?;
        self.types(&format!("held claim all --market 0 --mint {mint}"), &[Who::Bystander]).await?;
        let paid = self.lenders_have().await?.saturating_sub(before);
        self.note(format!("anybody had them paid: users got {}", dollars(paid))).await?;
        Ok(paid)
    }

    /// Honest users trade no longer.
    pub(super) async fn quiet(&mut self) -> Result<(), DemoError> {
        if let Some(traffic) = self.traffic.take() {
            self.tally = std::mem::take(&mut self.tally).and(traffic.stop().await?);
        }
        Ok(())
    }

    /// What became of a vault's money, now that nobody moves any.
    async fn vault(&self, place: usize, attack: &Attack, rescue: &Rescue) -> Result<Vault, DemoError> {
        let stage = &self.stage;
        let (vault, mint, route) = (stage.vault(place), stage.mints[place], self.route(place).await?);
        let (after, in_safe) = (self.balance(&vault).await?, self.balance(&self.tokens(place)).await?);
        let mut everywhere = after + in_safe;
        for person in stage.people() {
            everywhere += self.balance(&person.purses[place]).await?;
        }
        let supply = token::supply(&self.rpc, &mint).await.trying("reading a mint")?;
        Ok(Vault {
            name: COLLATERALS[place].name,
            decimals: COLLATERALS[place].decimals,
            before: attack.at_stake[place],
            was_empty: rescue.was_empty[place],
            moved: route.received,
            returned: route.returned,
            after,
            is_dust: route.is_dust(after),
            in_safe,
            thief_has: self.balance(&stage.attacker.purses[place]).await?,
            supply,
            everywhere,
        })
    }

    async fn route(&self, place: usize) -> Result<Route, DemoError> {
        let address = pda::route(&self.stage.venue.market, &self.stage.vault(place)).0;
        self.read(address, "route").await
    }

    /// What a vault has, readable.
    async fn vault_has(&self, place: usize) -> Result<String, DemoError> {
        let units = self.balance(&self.stage.vault(place)).await?;
        let Collateral { name, decimals, .. } = COLLATERALS[place];
        Ok(format!("{} {name}", Amount { units, decimals }))
    }

    /// The protocol, the market and the attacked vault now.
    pub(super) async fn view(&self) -> Result<View, DemoError> {
        View::read(&self.rpc, &self.stage.watched()).await
    }

    /// The token account of a mint's safe.
    pub(super) fn tokens(&self, place: usize) -> Pubkey {
        pda::safe_tokens(&pda::safe(&self.stage.venue.market, &self.stage.mints[place]).0).0
    }

    pub(super) async fn lenders_have(&self) -> Result<u64, DemoError> {
        let mut sum = 0;
        for lender in &self.stage.lenders {
            sum += self.balance(&lender.purses[DOLLAR]).await?;
        }
        Ok(sum)
    }

    pub(super) async fn balance(&self, address: &Pubkey) -> Result<u64, DemoError> {
        let found = self.account(*address, "token account").await?;
        Ok(VaultState::read(&found.owner, &found.data).amount)
    }

    pub(super) async fn read<T: Kind>(&self, address: Pubkey, what: &'static str) -> Result<T, DemoError> {
        decode(&self.account(address, what).await?, what)
    }

    /// An account as it is confirmed.
    pub(super) async fn account(&self, address: Pubkey, what: &'static str) -> Result<Account, DemoError> {
        let answer = self.rpc.get_account_with_commitment(&address, self.rpc.commitment()).await;
        answer.trying("reading an account")?.value.ok_or(DemoError::NoAccount { what, address })
    }

    /// Waits until what has just landed is confirmed too.
    pub(super) async fn caught_up(&self) -> Result<(), DemoError> {
        let asking = "asking for the slot";
        let processed = self.stage.rpc().get_slot().await.trying(asking)?;
        self.until("the chain's confirmation", async |story: &Self| {
            Ok(story.rpc.get_slot().await.trying(asking)? >= processed)
        })
        .await
    }

    pub(super) async fn types(&mut self, command: &str, by: &[Who]) -> Result<(), DemoError> {
        self.desk.types(command, by).await
    }

    /// Tells what just happened; the slot of now.
    pub(super) async fn note(&mut self, what: String) -> Result<u64, DemoError> {
        (self.tell)(&what);
        let slot = self.rpc.get_slot().await.trying("asking for the slot")?;
        self.told.push((Instant::now(), slot, what));
        Ok(slot)
    }

    /// Waits for something that comes by itself.
    pub(super) async fn until(
        &self,
        what: &'static str,
        is_so: impl AsyncFn(&Self) -> Result<bool, DemoError>,
    ) -> Result<(), DemoError> {
        let start = Instant::now();
        while !is_so(self).await? {
            if start.elapsed() > PATIENCE {
                return Err(DemoError::Never { what, seconds: PATIENCE.as_secs() });
            }
            sleep(POLL).await;
        }
        Ok(())
    }
}

/// An amount of the attacked token.
pub(super) fn dollars(units: u64) -> String {
    format!("{} {}", Amount { units, decimals: COLLATERALS[DOLLAR].decimals }, COLLATERALS[DOLLAR].name)
}
