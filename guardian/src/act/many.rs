//! Many small steps of one act: several in a transaction, as many as fit; one that is refused does not stop the others.
//!
//! Nothing of it is lost by a failure: each transaction is done or not, and the same command again goes on with what is left.

use std::collections::VecDeque;

use firebreak_client::addresses::current_segment;
use firebreak_interface::state::Journal;
use serde::Serialize;
use solana_instruction::Instruction;
use solana_transaction::Transaction;

use super::{Desk, MOST_UNITS, Plan, check_here, fits, listed, perform, send, simulate, with_fee, written};
use crate::{chain::Snapshot, config, error::Error, exit::Exit};

/// A step.
pub struct Step {
    /// What it is about.
    pub name: String,
    /// What does it, with the journal's segment of that moment.
    pub make: Box<dyn Fn(Option<u32>) -> Instruction + Send + Sync>,
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It is done.
    Done {
        /// By this transaction.
        signature: String,
        /// In this slot.
        slot: u64,
    },
    /// There is nothing to do.
    Nothing {
        /// Why.
        reason: String,
    },
    /// It is refused, as the simulation or the chain said.
    Refused {
        /// Why.
        reason: String,
    },
    /// It was not tried, or is not known to be done.
    Left {
        /// Why.
        reason: String,
    },
}

impl Outcome {
    /// Whether the same command again has something to do there.
    pub const fn is_left(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Left { .. })
    }

    /// For people.
    pub fn words(&self) -> String {
        match self {
            Self::Done { slot, .. } => format!("done in slot {slot}"),
            Self::Nothing { reason } => format!("nothing to do: {reason}"),
            Self::Refused { reason } => format!("REFUSED: {reason}"),
            Self::Left { reason } => format!("LEFT: {reason}"),
        }
    }
}

/// A step and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Item {
    /// What it is about.
    pub what: String,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// All steps of an act, and what became of them.
#[derive(Debug, Serialize)]
pub struct Many {
    /// The act.
    pub act: String,
    /// Where.
    pub cluster: String,
    /// Its steps.
    pub items: Vec<Item>,
    /// How many are left.
    pub left: usize,
}

impl Many {
    /// What became of an act of these steps.
    pub fn new(act: &str, genesis: &str, items: Vec<Item>) -> Self {
        let left = items.iter().filter(|item| item.outcome.is_left()).count();
        let cluster = config::cluster(genesis).map_or_else(|| genesis.to_owned(), str::to_owned);
        Self { act: act.to_owned(), cluster, items, left }
    }

    /// For people.
    pub fn text(&self) -> String {
        let line = |item: &Item| format!("  {}: {}", item.what, item.outcome.words());
        let lines: Vec<_> = self.items.iter().map(line).collect();
        let end = match self.left {
            0 => "nothing is left to do".to_owned(),
            left => format!("{left} of {} left: the same command again goes on with them", self.items.len()),
        };
        format!("{}, on {}\n{}\n{end}", self.act, self.cluster, lines.join("\n"))
    }

    /// How it ended.
    pub const fn exit(&self) -> Exit {
        if self.left == 0 { Exit::Done } else { Exit::Left }
    }
}

/// What is common to all steps.
pub struct Act {
    /// What it is, in a line.
    pub title: String,
    /// What whoever signs must have read.
    pub content: Vec<String>,
    /// When it takes effect, what it cannot do.
    pub says: Vec<String>,
}

/// Goes the whole way with all of them; gives what became of each, in their order. Where only a transaction or a look was
/// asked for, that is the first of as many as fit, and it is answered here: then none.
///
/// # Errors
/// As [`perform`], where nothing is done yet. What comes later is told, and what it left is.
pub async fn perform_all(
    desk: &mut Desk<'_>,
    snapshot: &Snapshot,
    act: Act,
    steps: &[Step],
) -> Result<Option<Vec<Outcome>>, Error> {
    let payer = desk.actor.address();
    let all = batches(steps, payer, snapshot.segment());
    let manner = desk.manner;
    if manner.dry_run || manner.prints() {
        let first = all.first().map(Vec::as_slice).unwrap_or_default();
        let (sound, refused) = sound(desk, snapshot, steps, first).await?;
        let mut says = [act.says, refused].concat();
        let more = steps.len().saturating_sub(first.len());
        if more > 0 {
            says.push(format!("{more} more find no room in this transaction: {} in all", all.len()));
        }
        let instructions = made(steps, &sound, snapshot.segment());
        let plan = Plan { title: act.title, content: act.content, instructions, says, nonce: None };
        return perform(desk, snapshot, plan).await.map(|()| None);
    }
    let said = [&act.content[..], &act.says].concat();
    desk.console.say(&format!("{}\n  {}", act.title, said.join("\n  ")))?;
    check_here(desk)?;
    if !manner.yes {
        let signers = listed(desk.actor.signers());
        let question = format!("Sign as {signers} and send {} times?", all.len());
        let mut stop = desk.stop.clone();
        tokio::select! {
            said = desk.console.ask(&question) => said?,
            () = stop.asked() => return Err(Error::Interrupted),
        }
    }
    let mut outcomes: Vec<Option<Outcome>> = vec![None; steps.len()];
    let mut queue = VecDeque::from(all);
    let mut told = 0;
    while let Some(batch) = queue.pop_front() {
        match land(desk, snapshot, steps, &batch).await {
            Ok(landed) => {
                let (signature, slot) = (landed.signature.to_string(), landed.slot);
                for place in batch {
                    told += 1;
                    outcomes[place] = Some(Outcome::Done { signature: signature.clone(), slot });
                    let name = &steps[place].name;
                    desk.console.tell(&format!("{told} of {}: {name}: done in slot {slot}", steps.len()))?;
                }
            }
            // which of them it was, each by itself tells
            Err(Error::Refused(_) | Error::Failed { .. }) if batch.len() > 1 => {
                batch.into_iter().rev().for_each(|place| queue.push_front(vec![place]));
            }
            Err(Error::Refused(refused) | Error::Failed { refused, .. }) => {
                for place in batch {
                    told += 1;
                    let reason = refused.to_string();
                    desk.console.tell(&format!(
                        "{told} of {}: {}: {reason}",
                        steps.len(),
                        steps[place].name
                    ))?;
                    outcomes[place] = Some(Outcome::Refused { reason });
                }
            }
            // an endpoint that went away would fail the next one too
            Err(error) if outcomes.iter().any(|one| matches!(one, Some(Outcome::Done { .. }))) => {
                desk.console.tell(&error.to_string())?;
                for place in batch.into_iter().chain(queue.drain(..).flatten()) {
                    outcomes[place] = Some(Outcome::Left { reason: error.to_string() });
                }
            }
            Err(error) => return Err(error),
        }
    }
    let unknown = || Outcome::Left { reason: "not tried".to_owned() };
    Ok(Some(outcomes.into_iter().map(|one| one.unwrap_or_else(unknown)).collect()))
}

/// As many in each transaction as fit, by their places.
fn batches(steps: &[Step], payer: solana_pubkey::Pubkey, segment: Option<u32>) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = Vec::new();
    let mut instructions: Vec<Instruction> = Vec::new();
    for (place, step) in steps.iter().enumerate() {
        instructions.push((step.make)(segment));
        match all.last_mut() {
            Some(last) if fits(&instructions, payer) => last.push(place),
            _ => {
                instructions.drain(..instructions.len().saturating_sub(1));
                all.push(vec![place]);
            }
        }
    }
    all
}

fn made(steps: &[Step], batch: &[usize], segment: Option<u32>) -> Vec<Instruction> {
    batch.iter().map(|place| (steps[*place].make)(segment)).collect()
}

/// What these would take.
async fn trial(
    desk: &Desk<'_>,
    snapshot: &Snapshot,
    instructions: &[Instruction],
) -> Result<Option<u64>, Error> {
    let asked = with_fee(instructions.to_vec(), desk.manner.priority_fee, MOST_UNITS);
    let unsigned = Transaction::new_with_payer(&asked, Some(&desk.actor.address()));
    simulate(desk.node, snapshot, &written(instructions), &unsigned).await.map(|(_, units)| units)
}

/// Those that nothing refuses, and of the others why; all of them where there is no other.
async fn sound(
    desk: &Desk<'_>,
    snapshot: &Snapshot,
    steps: &[Step],
    batch: &[usize],
) -> Result<(Vec<usize>, Vec<String>), Error> {
    let segment = snapshot.segment();
    match trial(desk, snapshot, &made(steps, batch, segment)).await {
        Err(Error::Refused(_)) => {}
        other => return other.map(|_| (batch.to_vec(), Vec::new())),
    }
    let (mut sound, mut refused) = (Vec::new(), Vec::new());
    for place in batch {
        match trial(desk, snapshot, &made(steps, &[*place], segment)).await {
            Ok(_) => sound.push(*place),
            Err(Error::Refused(why)) => refused.push(format!("left out: {}: {why}", steps[*place].name)),
            Err(other) => return Err(other),
        }
    }
    // who is refused everything is told as whoever asks for one
    Ok(if sound.is_empty() { (batch.to_vec(), Vec::new()) } else { (sound, refused) })
}

/// Simulates, signs and sends one transaction.
async fn land(
    desk: &mut Desk<'_>,
    snapshot: &Snapshot,
    steps: &[Step],
    batch: &[usize],
) -> Result<send::Landed, Error> {
    let mut stop = desk.stop.clone();
    let (transaction, until) = tokio::select! {
        signed = sign(desk, snapshot, steps, batch) => signed?,
        () = stop.asked() => return Err(Error::Interrupted),
    };
    send::send(desk.node, &transaction, until, &mut stop, desk.console).await
}

async fn sign(
    desk: &Desk<'_>,
    snapshot: &Snapshot,
    steps: &[Step],
    batch: &[usize],
) -> Result<(Transaction, send::Until), Error> {
    let (payer, price) = (desk.actor.address(), desk.manner.priority_fee);
    // the one before may have filled it
    let journal = desk.node.one::<Journal>("journal", snapshot.addresses.journal).await?;
    let instructions = made(steps, batch, current_segment(&journal));
    let units = trial(desk, snapshot, &instructions).await?;
    let units = units.and_then(|units| u32::try_from(units + units / 10 + 1_000).ok()).unwrap_or(MOST_UNITS);
    let asked = with_fee(instructions, price, units.min(MOST_UNITS));
    let mut transaction = Transaction::new_with_payer(&asked, Some(&payer));
    let until = send::Until::ask(desk.node).await?;
    transaction.message.recent_blockhash = until.blockhash;
    desk.actor.sign(&mut transaction, until.blockhash)?;
    Ok((transaction, until))
}

#[cfg(test)]
mod tests {
    use solana_instruction::AccountMeta;
    use solana_pubkey::Pubkey;

    use super::*;

    fn step(number: u16, accounts: u8) -> Step {
        let make = move |_| {
            let key = |place: u8| {
                let mut bytes = [place; 32];
                bytes[..2].copy_from_slice(&number.to_le_bytes());
                Pubkey::new_from_array(bytes)
            };
            let accounts = (1..=accounts).map(|place| AccountMeta::new(key(place), false)).collect();
            Instruction { program_id: firebreak_interface::ID, accounts, data: vec![0; 8] }
        };
        Step { name: format!("step {number}"), make: Box::new(make) }
    }

    #[test]
    fn each_step_is_in_one_transaction_and_each_transaction_is_full() {
        let steps: Vec<_> = (0..40).map(|number| step(number, 5)).collect();
        let payer = Pubkey::new_from_array([9; 32]);
        let all = batches(&steps, payer, None);
        let places: Vec<_> = all.iter().flatten().copied().collect();
        assert_eq!(places, (0..40).collect::<Vec<_>>());
        for batch in &all {
            assert!(fits(&made(&steps, batch, None), payer));
        }
        for pair in all.windows(2) {
            let one_more = [&pair[0][..], &pair[1][..1]].concat();
            assert!(!fits(&made(&steps, &one_more, None), payer), "{pair:?}");
        }
        assert!(all.len() > 4 && all.len() < 12, "{}", all.len());
        // one that no transaction holds stands alone, and the chain's size says so
        let all = batches(&[step(0, 60), step(1, 5), step(2, 5)], payer, None);
        assert_eq!(all, [vec![0], vec![1, 2]]);
        assert!(batches(&[], payer, None).is_empty());
    }

    #[test]
    fn what_is_left_is_counted_and_told() {
        let item = |what: &str, outcome| Item { what: what.to_owned(), outcome };
        let done = Outcome::Done { signature: "x".to_owned(), slot: 7 };
        let nothing = Outcome::Nothing { reason: "it is empty".to_owned() };
        let refused = Outcome::Refused { reason: "frozen".to_owned() };
        let all = Many::new("move", "g", vec![item("a", done.clone()), item("b", nothing.clone())]);
        assert_eq!((all.left, all.exit()), (0, Exit::Done));
        assert!(all.text().ends_with("nothing is left to do"), "{}", all.text());
        let some = Many::new("move", "g", vec![item("a", done), item("b", nothing), item("c", refused)]);
        assert_eq!((some.left, some.exit()), (1, Exit::Left));
        for line in
            ["  a: done in slot 7", "  b: nothing to do: it is empty", "  c: REFUSED: frozen", "1 of 3 left"]
        {
            assert!(some.text().contains(line), "{}", some.text());
        }
        let json = serde_json::to_value(&some).expect("it is plain");
        assert_eq!((&json["items"][2]["outcome"], &json["left"]), (&"refused".into(), &1.into()));
    }
}
