//! What `help` teaches of each act: when to use it, what it can do, and what it cannot.

pub(super) const PAUSE: &str = "\
When: something leaves that should not, a price is wrong, a key is lost, and you are not sure yet. A needless pause costs a \
guardian's budget and users' patience; a late one costs the vault.

It can: close withdraw, borrow, swap and every other operation that is no exit, from the slot in which it lands; it acts as \
Major, so what the market's response to Major closes is closed as well.

It cannot: close repay, add_collateral, reduce or close; move a token; last longer than 72 h, or than what is left of your \
budget of 10 h in 30 days for this market; be repeated from an old signature after a resume.

Signed in advance: with --nonce ACCOUNT --valid 30d --sign-only it is printed, kept, and sent by `send` when it is needed. The next \
resume voids it, and so does the nonce's advance.

It ends by itself, in steps. Overlapping pauses are charged once. Look first: firebreak-guardian status";

pub(super) const OPEN_BUDGETS: &str = "\
When: on a quiet day, and again after a market was registered or a guardian came: `status` and `members` say which budgets are \
not open. A guardian whose budget is not open can pause all the same: its pause opens it, and pays the rent.

It cannot: open one for anybody but a guardian of today, give back what a guardian has spent, or close one again.";

pub(super) const TIGHTEN: &str = "\
When: a limit is too wide, and you hold the authority's key. It holds from the slot in which it lands.

It cannot: loosen anything, nor go below a quarter of the last value that waited; undoing it is a proposal, and waits.

Fields are changed by name, as in: firebreak-guardian tighten limiter:VAULT --set soft_bps=5000 --set short.rate_bps=500
Shares are in bps, or as 5%, durations as 90, 30m, 6h or 2d, operations as withdraw,borrow. A wrong name lists the right ones.";

pub(super) const PROPOSE: &str = "\
When: a limit is too narrow, a keeper or a guardian goes, a loss is to be accepted. Anybody can read what was proposed while it waits for the \
loosening delay, and what they read is all that it can ever do. Other guardians and an accepted loss take the approval of \
today's guardians beside it.

It cannot: take effect earlier, go further than twice a limit in one proposal, or outlive a week after its delay.

What is not there yet is registered by `propose market`, `limiter`, `band`, `invariant`, `keeper`, `coverage`, `safe` and `route`: at once until \
the protocol's first limiter is armed, and from then on as a proposal, which waits. `help propose limiter` and its like say more.";

pub(super) const MARKET: &str = "\
When: a pair, a pool or a vault is to be closed by itself, apart from the others.

It can: say what each severity closes and limits, how long a latch of a rule holds, and how slowly the market comes back. Each \
severity closes and limits what the one below does, at least. As in: firebreak-guardian propose market 1 \
--minor-closes list --major-closes list,withdraw,borrow --critical-closes all

It cannot: close an exit (repay, add_collateral, reduce, close) below Critical, nor there unless --critical-closes-exits says so \
now; no change says it later. Its number stands for it for ever.

Then: `propose limiter` for each of its vaults.";

pub(super) const LIMITER: &str = "\
When: a vault is to pay nothing out beyond a share of what it holds, whoever asks. A vault without a limiter pays nothing out \
where the program asks the breaker.

It can: bound what leaves net in a short and in a long window, and gross; notice what leaves around the breaker. Amounts are in \
tokens, by the decimals of the vault's mint, or as in 500units; shares as 10% or 1000bps; durations as 90, 30m, 6h or 2d. \
--bootstrap-cap is all that it lets out, whatever the vault holds, until its average has seen a day: choose what you could lose. \
As in: firebreak-guardian propose limiter VAULT --market 1 --bootstrap-cap 250000 --floor 5000

The decimals are what your endpoint says: read the proposal by another one too, or say units.

It cannot: refuse anything before it is armed, be moved to another market, or be registered twice. All limiters of a mint that are \
new share one cap, so that listing many vaults buys nobody more.

Then: watch it in shadow, and `tighten limiter:VAULT --arm`. docs/limiter.md says how to choose.";

pub(super) const BAND: &str = "\
When: a price that the protocol uses could be wrong, and money would follow it.

It can: compare the price of a Pyth account with a slow reference of its own, and with a second feed; what is stale or too wide \
tightens by itself. The feed is read from the account and shown: compare it with the one that you mean, or name it with \
--price-feed. As in: firebreak-guardian propose band 1/0 --price ACCOUNT --second ACCOUNT

It cannot: be registered while a price is stale or wide, so post one just before it is executed; be given another feed later; or \
call Critical by a price that cannot be used.

Then: have it observed by a keeper, and `tighten band:1/0 --arm`. docs/price-band.md says how to choose.";

pub(super) const INVARIANT: &str = "\
When: something must always cover something else, and both are integers in accounts: what vaults hold, what users are owed.

It can: compare two sums. A term is balance:TOKEN_ACCOUNT, supply:MINT, or u64:, i64: or u128:ACCOUNT@OFFSET for a field at so \
many bytes; 3x before it counts it three times. What is to be subtracted stands on the other side. As in: firebreak-guardian \
propose invariant 1/0 --left balance:VAULT --right u64:LEDGER@16 --minor 100% --major 99% --critical 95%

It cannot: read another account or field later; only its ratios change. Eight terms a side are the most, and what a transaction \
holds. That it does not hold now is said, and no reason to refuse it.

Then: `tighten invariant:1/0 --arm`. docs/invariant.md says how to choose.";

pub(super) const KEEPER: &str = "\
When: a bot is to raise faster than a person could.

It can: let a key raise markets, alone to Minor, two keepers within seconds to Major, each for as long and as often a day as it \
says here. As in: firebreak-guardian propose keeper KEY --max-raise 6h --raises-per-day 3 --term 90d

It cannot: loosen, clear, close an exit or move a token; be a guardian or the authority; be registered again with the same key. It \
ends by itself, or by `propose keeper:KEY --revoke`.";

pub(super) const COVERAGE: &str = "\
When: the program has instructions, and who reads the protocol wants to know which of them asks the breaker for what. It is a \
promise in public, and your own tests compare it with the IDL; no rule reads it.

It can: add rows, each by the instruction's name in the IDL, as Anchor hashes it, or by its first eight bytes. As in: \
firebreak-guardian propose coverage deposit=deposit withdraw=withdraw,claim set_fee=none

It cannot: change or drop a row, name an instruction twice, or hold more than 64; a transaction has room for about 40.";

pub(super) const SAFE: &str = "\
When: on a quiet day, once for each mint that a market's vaults hold. A safe is a token account that only the breaker can spend \
from: in an incident the vaults are emptied into it, and a withdrawal that is held waits in it.

It can: receive what its market's routes bring, and give it back to where it came from. As in: firebreak-guardian propose safe \
--market 1 --mint MINT

It cannot: be registered twice or while its market, or all, is above Minor (RouteInIncident), be of a mint that somebody else can take out of it or burn (docs/token-2022.md), or pay \
anybody but by a release, a held withdrawal or a claim. Where the mint freezes new accounts, have its freeze authority thaw it \
before you register a route.

Then: `propose route` for each vault of that mint.";

pub(super) const ROUTE: &str = "\
When: on a quiet day, once for each vault that has a limiter and whose market has a safe of its mint. A vault without a route \
cannot be migrated, and in an incident it is too late for one.

It can: say where a vault's tokens are brought in an incident, whether anyone may bring them at Critical, what waits in the safe \
instead of being refused, and where a release may go beside the vault. Registered again it has the new settings, all of them. As \
in: firebreak-guardian propose route --market 1 --vault VAULT --hold gross --hold-for 6h --by-anyone

It cannot: be registered while its market, or all, is above Minor (RouteInIncident), lead anywhere but to its market's safe, or \
give tokens to a destination that was not registered.

Custody or escort: where the vault's owner is the route's own address, which the answer shows, nothing leaves it but by the \
breaker and anyone can move it to safety; else the protected program has to sign (escort).";

pub(super) const EXECUTE: &str = "\
It does exactly what was proposed, on exactly those accounts, or nothing. Moving the authority is signed by the new one.

A guardian's proposal, as 0/3, takes the approvals of its act; guardians who sign here are counted with those who approved. \
A resume shows each rule that the latch stands for, with what it measures then and there.";

pub(super) const CONFIRM: &str = "\
When: something holds that will end before the danger does. A pause by one guardian ends with its budget, a latch of a rule \
with its own duration.

It can: make one latch hold until --for from now, as long as its severity may from its beginning: Minor 24 h, Major 72 h, \
Critical 7 d. The worst that holds is meant, unless --source and --severity name another.

It cannot: close more than is closed, raise the severity, or revive what is over: `pause` does that.

Several in one transaction: --keypair again for each whose key is here; --with for each who signs elsewhere, with --sign-only, \
then `sign` there and `send`, all within a minute. Or --propose: each approves alone, within a day. Signed in advance with \
--nonce ACCOUNT --sign-only it lands when it is sent, on this one latch.";

pub(super) const RESUME: &str = "\
When: the cause is found and gone, and users wait. Look at `status` first: what one latch closed another may close too.

It can: clear one latch. What a limiter, band or invariant latched is cleared only where each of the rules measures less in \
that moment; the rules are found on chain, and shown in words. The way down is staged all the same: a dwell at each step, and \
the grace after a halt.

It cannot: clear what is still so (ConditionHolds: wait, or `propose --accept-loss` after a real loss), skip the way down, or \
clear a latch to which more came since it was named (AnotherLatch: look again). It voids the pauses that were signed in \
advance.

Several in one transaction, signed now: --keypair again for each whose key is here; --with for each who signs elsewhere, with \
--sign-only, then `sign` there and `send`, all within a minute. Or --propose: each approves alone, within a day.";

pub(super) const MIGRATE: &str = "\
When: what is left in the vaults is in danger where it is, and a pause is not enough: the program itself is broken, or its key \
is lost. Something of Major or more must hold; `pause` is enough for that.

It can: have all vaults of a market that have a route emptied into their safes. Guardians together order it, for a day: also \
what comes in later is moved. Then --move moves them, whoever sends it: several vaults in a transaction, one that fails does \
not stop the others, and the same command again goes on with what is left (exit code 11 says that something is). Where a route \
lets anyone, and a limiter or an invariant holds Critical, --move needs no order. As in: firebreak-guardian migrate --market 0, \
then firebreak-guardian migrate --market 0 --move

It cannot: move a token anywhere but to the safe that was registered before, or bring it back: `help release` does. A vault in \
escort is moved by the protected program alone, which signs for it: `safes` says which are, and that program's documentation \
how. A vault that is frozen stays.

Several in one transaction: as in `help confirm`; or --propose: each approves alone, within a day. Signed in advance with \
--nonce ACCOUNT --sign-only it lands when it is sent, on this one latch.";

pub(super) const HELD: &str = "\
When: users ask where their withdrawals are, or one of those that wait is an attacker's. What exceeds a limit may wait in a safe, \
in its user's name, where the vault's route says so.

It can: list what waits, with its owner and the time left; pay what is due, whoever sends it; hold some up until guardians \
decide (flag), and pay or refuse what was flagged (decide), once and for good. One account that is closed or frozen holds up no \
other. As in: firebreak-guardian held claim all --market 0

It cannot: pay anybody but its owner, or before it is due; hold anything up for more than seven days beyond its maturity: then it \
is paid, unless guardians refused it before. What was decided stands.

A flag may be signed in advance, a decision is of now. Several in one transaction: as in `help confirm`; or --propose.";

pub(super) const RELEASE: &str = "\
When: the danger is over, and what was brought to safety is to go back, in steps, so that what goes wrong at the first is seen \
before the second.

It can: give a vault back what came from it, or give it to the destination that was registered with its route. A guardian \
proposes it, others `approve` it, it waits for the loosening delay under veto, the authority begins it, and anyone takes its \
four steps, a dwell of the market apart. As in: firebreak-guardian release propose --vault VAULT --amount 250000

It cannot: begin while a migration is ordered, or in a halt that the guardians had not seen; go on after a new migration; take what \
the safe owes to held withdrawals or claims; or go anywhere that is not registered. Where the authority does not sign, anybody \
begins it 14 days after the guardians' approval, to the vault alone.";

pub(super) const CLAIMS: &str = "\
When: the protocol will not come back, and what is in a safe belongs to its users.

It can: share out what the safe owes nobody, by a list that everybody can check: the same list gives the same root. A guardian \
proposes it, others `approve` it, it waits for the loosening delay under veto, the authority opens it, and anyone pays each claim \
to its owner's associated account. As in: firebreak-guardian claims propose --market 0 --file claims.csv --proofs proofs.json, \
and later firebreak-guardian claims pay --proofs proofs.json

It cannot: promise more than the safe has, take what it owes to held withdrawals, or pay a claim twice or to anybody else. A \
later set voids what an earlier one left. An owner without an associated account opens one, or signs with --to.";

pub(super) const FREEZE: &str = "\
When: somebody else holds the authority's key, or may. Proposals that nobody knows are the sign.

It can: void everything that the authority proposed, approved or not, and refuse what it would propose, for 30 days.

It cannot: take the key from anybody, undo what was executed, or keep the key from tightening: that is no danger. It cannot be \
repeated while it lasts, nor taken back.

Several in one transaction: as in `help confirm`. Signed in advance with --nonce ACCOUNT --sign-only it freezes once: the next \
freeze, or a move of the authority, voids it.";

pub(super) const MAINTENANCE: &str = "\
When: planned work will look like an attack to a keeper, a day or more from now. A guardian proposes it, others `approve` it, \
and once the loosening delay is over anybody begins it with `execute`, within a week.

It can: refuse keepers' raises of one market, for 1 minute to 4 hours.

It cannot: begin while anything holds, come more than three times in 30 days, or quiet anything else: limiters, bands, \
invariants, pokes and guardians go on. Until it begins, `veto` ends it.";

pub(super) const APPROVE: &str = "\
When: you have read what `proposals` says of it, you know why, and you want it now. An approval is of this moment: it carries a \
slot of the last minutes and its hash, and no durable nonce.

It can: count towards other guardians or thresholds, an accepted loss, and every act that a guardian proposed. Of any other \
proposal it decides nothing: its delay and the veto do.

It cannot: be taken back, be signed in advance, shorten a delay, or count after the guardians have changed.

A proposal is named as `proposals` shows it: 3 is the authority's, 0/3 the one that guardian 0 made under its number 3.";

pub(super) const VETO: &str = "\
When: something waits that nobody of you knows, or that loosens what an attack needs. You have until its delay is over.

It can: end a proposal once the veto threshold of you have spoken, in one transaction or in several. Signed in advance with \
--nonce ACCOUNT --sign-only it lands when it is sent.

It cannot: be taken back, touch what was executed, or stop an act of guardians that waits for nobody: who is against that does \
not approve it. The authority may propose the same once more, with twice the delay, and then it takes more of you.";

pub(super) const SIGN: &str = "\
When: another guardian printed a transaction for several with --sign-only or --print, and passed it to you. What it changes is \
simulated and shown before you sign; what it prints goes to the next one, or to `send`. Copies that were signed side by side \
go to `send` together.

It cannot: sign what calls other programs than the breaker, nor make an old one land. Without a nonce all of it takes place within a minute; --propose gives you a day.";
