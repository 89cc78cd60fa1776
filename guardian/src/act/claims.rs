//! Claims on a safe, for a protocol that never comes back: a list becomes a tree, guardians and the authority open it, anyone pays
//! each claim to its owner.

pub mod tree;

use std::path::Path;

use firebreak_client::instruction::{self, Payout};
use firebreak_interface::{
    pda,
    state::{CLAIMS_PER_PAGE, ClaimPage, ClaimsOrder, GuardianAct, Safe, Status},
};
use solana_pubkey::Pubkey;

use super::{
    Actor, Desk, Plan,
    held::safe_of,
    many::{self, Act, Item, Many, Outcome, Step},
    named::Found,
    payee::{self, Payee},
    together::Asked,
};
use crate::{
    chain::{Node, Snapshot},
    content,
    error::Error,
    exit::Exit,
    money::Tokens,
    units,
    votes::Votes,
    words,
};
use tree::{Claim, Proofs};

/// Nodes of a proof at most: a tree of a thousand million claims.
const DEEPEST: usize = 30;

/// A list of claims on a market's safe is to be opened. The proofs go to a file, which is the same for the same list.
///
/// # Errors
/// [`Error::Usage`] where the list cannot be read, or is of more than the safe has; [`Error::NotFound`].
pub fn order(
    snapshot: &Snapshot,
    tokens: &Tokens,
    (market, mint): (u64, Option<Pubkey>),
    (list, proofs): (&Path, &Path),
) -> Result<Asked, Error> {
    let (key, safe) = safe_of(snapshot, market, mint)?;
    let decimals = tokens.decimals.get(&safe.mint).copied();
    let decimals = decimals.ok_or(Error::Missing { what: "mint", key: safe.mint })?;
    let of_list = |reason: String| Error::usage(format!("{}: {reason}", list.display()));
    let text = std::fs::read_to_string(list).map_err(|error| of_list(error.to_string()))?;
    let claims = tree::read(&text, decimals).map_err(of_list)?;
    let epoch = safe.claims_epoch.saturating_add(1);
    let set = Proofs::new((key, &safe.mint), (market, epoch), &claims).map_err(of_list)?;
    let root = units::bytes(&set.root).ok_or_else(|| Error::usage("the root is no hash"))?;
    let order = ClaimsOrder { mint: safe.mint, epoch, root, total: set.total };
    let has = tokens.state(&safe.tokens).map_or(0, |state| state.amount);
    let mut then = **safe;
    then.open_claims(&order, has).map_err(|rule| {
        let (total, has) = (tokens.amount(&safe.mint, set.total), tokens.amount(&safe.mint, has));
        of_list(format!("{total} together, and the safe has {has}: {} ({})", rule.text(), rule.name()))
    })?;
    write(proofs, &set)?;
    Ok(Asked::of_market(
        format!("open {} claims on the safe of market {market}", claims.len()),
        GuardianAct::OpenClaims(order),
        safe.market,
        vec![
            format!("{} claims of {} together", claims.len(), tokens.amount(&safe.mint, set.total)),
            format!(
                "proofs: in {}; who approves makes the same root of the same list, with --dry-run",
                proofs.display()
            ),
            "voids: what an earlier set left unclaimed".to_owned(),
            "cannot: take what the safe owes to held withdrawals, or pay a claim twice".to_owned(),
        ],
    ))
}

/// Writes the proofs. Others are not written over: they may be of a set that is in force.
fn write(path: &Path, set: &Proofs) -> Result<(), Error> {
    let json = serde_json::to_string_pretty(set).map_err(std::io::Error::from)?;
    match std::fs::read_to_string(path) {
        Ok(known) if known == json => Ok(()),
        Ok(_) => Err(Error::usage(format!("{} holds something else: name another file", path.display()))),
        Err(_) => Ok(std::fs::write(path, json)?),
    }
}

/// Opens claims that guardians approved and that have waited: the authority signs.
///
/// # Errors
/// [`Error::NotFound`] where it is none or over, [`Error::WrongKey`].
pub fn open(snapshot: &Snapshot, actor: &Actor, found: Found) -> Result<Plan, Error> {
    actor.check_authority(snapshot)?;
    let Found { key, proposal, name } = found;
    let standing = content::standing(&proposal, snapshot);
    let Some((market, act @ GuardianAct::OpenClaims(order))) = proposal.read_act() else {
        return Err(Error::not_found(format!("proposal {name} opens no claims: {standing}")));
    };
    if proposal.status() != Some(Status::Pending) || proposal.expires_at.reached(snapshot.now) {
        return Err(Error::not_found(format!("proposal {name} cannot open claims: {standing}")));
    }
    let scope = (snapshot.addresses.protocol, market);
    let mut content = content::of_act(&act, &market, snapshot);
    content.extend(Votes::of(&proposal, snapshot).lines());
    Ok(Plan {
        title: format!("open claims {name}"),
        content,
        instructions: vec![instruction::open_claims(key, actor.address(), scope, &order, snapshot.segment())],
        says: vec![
            format!("proposal {name}: {standing}"),
            "takes effect: in the slot in which it lands; then anyone pays each with `claims pay`".to_owned(),
        ],
        nonce: None,
    })
}

/// Pays claims of a set to their owners: all that were not made yet, or one.
///
/// # Errors
/// [`Error::Usage`] where the proofs are of another set, [`Error::NotFound`], and as [`super::perform`].
pub async fn pay(
    desk: &mut Desk<'_>,
    snapshot: &Snapshot,
    file: &Path,
    index: Option<u64>,
    to: Option<Pubkey>,
) -> Result<Exit, Error> {
    desk.actor.check_alone()?;
    let of_file = |reason: String| Error::usage(format!("{}: {reason}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| of_file(error.to_string()))?;
    let set: Proofs = serde_json::from_str(&text).map_err(|error| of_file(error.to_string()))?;
    let mint = words::address(&set.mint).map_err(of_file)?;
    let (key, safe) = safe_of(snapshot, set.market, Some(mint))?;
    if (safe.claims_epoch, units::hex(&safe.claims_root)) != (set.epoch, set.root.clone()) {
        return Err(of_file(format!(
            "of set {} with root {}, and set {} with root {} is in force",
            set.epoch,
            set.root,
            safe.claims_epoch,
            units::hex(&safe.claims_root)
        )));
    }
    if to.is_some() && index.is_none() {
        return Err(Error::usage("--to is of one claim, whose owner signs: name it with --index"));
    }
    let tokens = Tokens::read(desk.node, snapshot).await?;
    let mut claims = Vec::new();
    for one in set.claims.iter().filter(|one| index.is_none_or(|index| one.index == index)) {
        let owner = words::address(&one.owner).map_err(of_file)?;
        let proof: Option<Vec<[u8; 32]>> = one.proof.iter().map(|node| units::bytes(node)).collect();
        let proof = proof.filter(|proof| proof.len() <= DEEPEST);
        let proof = proof.ok_or_else(|| of_file(format!("the proof of claim {} is none", one.index)))?;
        claims.push((one.index, Claim { owner, amount: one.amount }, proof));
    }
    if claims.is_empty() {
        return Err(Error::not_found("there is no such claim in that file"));
    }
    let made = made(desk.node, key, safe.claims_epoch, claims.iter().map(|(index, ..)| *index)).await?;
    let owners: Vec<_> =
        claims.iter().map(|(_, one, _)| (one.owner, payee::associated(&one.owner, safe))).collect();
    let payees = payee::find(desk.node, safe, &owners).await?;
    let (mut steps, mut waiting, mut items) = (Vec::new(), Vec::new(), Vec::new());
    for (((index, one, proof), payee), is_made) in claims.into_iter().zip(payees).zip(made) {
        let what = format!("claim {index}, {} of {}", tokens.amount(&safe.mint, one.amount), one.owner);
        let payee = match to {
            Some(to) if desk.actor.address() == one.owner => Payee::To(to),
            Some(to) => {
                let remedy = format!("{} alone names another account than its own: --to {to}", one.owner);
                return Err(Error::WrongKey { key: desk.actor.address(), role: "its owner", remedy });
            }
            None => payee,
        };
        match payee {
            _ if is_made => {
                let reason = "it is paid already".to_owned();
                items.push(Item { what, outcome: Outcome::Nothing { reason } });
            }
            Payee::None(reason) => items.push(Item { what, outcome: Outcome::Left { reason } }),
            Payee::To(account) => {
                let payer = desk.actor.address();
                let claim = (index, one, proof);
                steps.push(step(snapshot, safe, payer, claim, (account, to.is_some())));
                waiting.push(what);
            }
        }
    }
    let title = format!("pay {} of {} claims", steps.len(), steps.len() + items.len());
    if !steps.is_empty() {
        let act = Act {
            title: title.clone(),
            content: waiting.clone(),
            says: vec![
                "takes effect: each in the slot in which its transaction lands".to_owned(),
                "costs the rent of a page for each 8192 claims, for ever".to_owned(),
                "cannot: pay anybody but its owner, or twice".to_owned(),
            ],
        };
        let Some(outcomes) = many::perform_all(desk, snapshot, act, &steps).await? else {
            return Ok(Exit::Done);
        };
        let done = waiting.into_iter().zip(outcomes).map(|(what, outcome)| Item { what, outcome });
        items = done.chain(items).collect();
    }
    let many = Many::new(&title, desk.genesis, items);
    desk.console.answer(&many, &many.text())?;
    Ok(many.exit())
}

/// Which of these claims were made.
async fn made(
    node: &Node,
    safe: &Pubkey,
    epoch: u64,
    indices: impl Iterator<Item = u64>,
) -> Result<Vec<bool>, Error> {
    let indices: Vec<_> = indices.collect();
    let mut pages: Vec<_> = indices.iter().map(|index| index / CLAIMS_PER_PAGE).collect();
    pages.sort_unstable();
    pages.dedup();
    let keys: Vec<_> = pages.iter().map(|page| pda::claim_page(safe, epoch, *page).0).collect();
    let found = node.accounts(&keys).await?.into_iter().map(|account| {
        let account = account?;
        firebreak_client::decode::<ClaimPage>(&account.owner, &account.data).ok()
    });
    let known: Vec<_> = pages.into_iter().zip(found).collect();
    let is_made = |index: &u64| {
        let page = known.iter().find(|(page, _)| *page == index / CLAIMS_PER_PAGE);
        // the program's own rule: what it would refuse was made
        page.and_then(|(_, page)| *page).is_some_and(|mut page| page.take(*index).is_err())
    };
    Ok(indices.iter().map(is_made).collect())
}

fn step(
    snapshot: &Snapshot,
    safe: &Safe,
    payer: Pubkey,
    (index, claim, proof): (u64, Claim, Vec<[u8; 32]>),
    (to, owner_signs): (Pubkey, bool),
) -> Step {
    let (protocol, epoch) = (snapshot.addresses.protocol, safe.claims_epoch);
    let payout = Payout {
        market: safe.market,
        mint: safe.mint,
        token_program: safe.token_program,
        owner: claim.owner,
        owner_signs,
        to,
    };
    let what = (epoch, index, claim.amount);
    Step {
        name: format!("claim {index}"),
        make: Box::new(move |segment| instruction::claim(payer, protocol, &payout, what, &proof, segment)),
    }
}
