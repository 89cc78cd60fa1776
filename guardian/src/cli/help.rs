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
Shares are in bps, durations as 90, 30m, 6h or 2d, operations as withdraw,borrow. A wrong name lists the right ones.";

pub(super) const PROPOSE: &str = "\
When: a limit is too narrow, a keeper or a guardian goes, a loss is to be accepted. Anybody can read what was proposed while it waits for the \
loosening delay, and what they read is all that it can ever do. Other guardians and an accepted loss take the approval of \
today's guardians beside it.

It cannot: take effect earlier, go further than twice a limit in one proposal, or outlive a week after its delay.";

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
