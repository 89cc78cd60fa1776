//! Registrations: at once until the protocol's first limiter is armed, then as a proposal. What is asked for is completed by
//! what the chain holds, and rehearsed here with the program's own rules before anything is signed.

mod bounds;
mod found;
mod money;

use firebreak_client::instruction::Governance;
use firebreak_interface::{
    BreakerError, Instant, pda,
    state::{
        BandSettings, Coverage, InvariantSettings, KeeperSettings, LimiterSettings, MarketSettings, Proposal,
        Proposed, RouteSettings,
    },
};
use solana_pubkey::Pubkey;

use super::{Plan, execute, named::Found, propose};
use crate::{
    chain::{Node, Snapshot},
    content,
    error::Error,
    units::{Amount, Row, Term, hex},
    words,
};

/// What is to be registered, as far as people say it.
#[derive(Clone, Debug)]
pub enum Asked {
    /// A market.
    Market {
        /// Its number.
        id: u64,
        /// Its settings.
        settings: MarketSettings,
    },
    /// A limiter.
    Limiter {
        /// Its vault.
        vault: Pubkey,
        /// Number of its market.
        market: u64,
        /// Its bootstrap cap.
        bootstrap_cap: Amount,
        /// Its floor.
        floor: Amount,
        /// What the mint's unseasoned limiters share, where it is said.
        mint_cap: Option<Amount>,
        /// Its settings, without these amounts.
        settings: LimiterSettings,
    },
    /// A price band.
    Band {
        /// Number of its market.
        market: u64,
        /// Its own.
        index: u8,
        /// The price.
        price: Price,
        /// A second one.
        second: Option<Price>,
        /// Its settings, without the feeds.
        settings: BandSettings,
    },
    /// An invariant.
    Invariant {
        /// Number of its market.
        market: u64,
        /// Its own.
        index: u8,
        /// What there must be.
        left: Vec<Term>,
        /// What it must cover.
        right: Vec<Term>,
        /// Its ratios.
        ratio_bps: [u32; 3],
    },
    /// A keeper.
    Keeper(KeeperSettings),
    /// Rows of the coverage table.
    Coverage(Vec<Row>),
    /// A safe.
    Safe {
        /// Number of its market.
        market: u64,
        /// Its mint.
        mint: Pubkey,
    },
    /// A vault's way to its safe.
    Route {
        /// Number of its market.
        market: u64,
        /// The vault.
        vault: Pubkey,
        /// Its settings.
        settings: RouteSettings,
    },
}

/// A price account.
#[derive(Clone, Copy, Debug)]
pub struct Price {
    /// Its address.
    pub account: Pubkey,
    /// The feed that it must be of, where it is said.
    pub feed: Option<[u8; 32]>,
}

/// A registration within the code's bounds, of something that is not there yet.
struct New {
    proposed: Proposed,
    /// The accounts that a proposal of it binds.
    bound: Vec<Pubkey>,
    /// What whoever signs should know beside its content.
    notes: Vec<String>,
}

impl New {
    fn checked(snapshot: &Snapshot, proposed: Proposed, bound: Vec<Pubkey>) -> Result<Self, Error> {
        bounds::check(&proposed)?;
        let notes = check_free(&proposed, &bound, snapshot)?;
        Ok(Self { proposed, bound, notes })
    }
}

/// A registration by the authority; where it names a proposal that was vetoed, that one once more.
///
/// # Errors
/// [`Error::Usage`] with the bound that is broken, [`Error::NotFound`], [`Error::Missing`].
pub async fn plan(
    node: &Node,
    snapshot: &mut Snapshot,
    authority: Pubkey,
    asked: Asked,
    vetoed: Option<&Found>,
) -> Result<Plan, Error> {
    let waits = snapshot.protocol.check_registration_open() == Err(BreakerError::RegistrationClosed);
    if !waits && vetoed.is_some() {
        return Err(Error::usage(
            "--again is of a proposal, and none is needed: no limiter of this protocol is armed yet",
        ));
    }
    let desk = Registrar { node, at: snapshot.now, waits };
    let New { proposed, bound, notes } = desk.complete(snapshot, asked, vetoed).await?;
    if waits {
        return propose::waiting(snapshot, authority, (&proposed, &bound), vetoed, notes);
    }
    let by = Governance::Authority(authority);
    let instruction = execute::instruction(node, snapshot, authority, by, &proposed, &bound).await?;
    let mut says = content::of(&proposed, &bound, snapshot);
    says.extend(notes);
    says.push(
        "takes effect: in the slot in which it lands, as no limiter of this protocol is armed yet".to_owned(),
    );
    says.push("once the first one is armed, whatever is registered waits as a proposal".to_owned());
    Ok(Plan {
        title: "register at once".to_owned(),
        instructions: vec![instruction],
        says,
        ..Plan::default()
    })
}

/// Completes what was asked for.
struct Registrar<'a> {
    node: &'a Node,
    /// The chain's clock.
    at: Instant,
    /// Whether it waits as a proposal.
    waits: bool,
}

impl Registrar<'_> {
    async fn complete(
        &self,
        snapshot: &mut Snapshot,
        asked: Asked,
        vetoed: Option<&Found>,
    ) -> Result<New, Error> {
        match asked {
            Asked::Market { id, settings } => {
                New::checked(snapshot, Proposed::CreateMarket { id, settings }, Vec::new())
            }
            Asked::Limiter { vault, market, bootstrap_cap, floor, mint_cap, settings } => {
                let amounts = (bootstrap_cap, floor, mint_cap);
                self.limiter(snapshot, (market, vault), settings, amounts, vetoed).await
            }
            Asked::Band { market, index, price, second, settings } => {
                self.band(snapshot, (market, index), (price, second), settings).await
            }
            Asked::Invariant { market, index, left, right, ratio_bps } => {
                let settings = |side: &[Term]| side.iter().map(|term| term.settings).collect();
                let settings =
                    InvariantSettings { left: settings(&left), right: settings(&right), ratio_bps };
                self.invariant(snapshot, (market, index), settings, [left, right].concat()).await
            }
            Asked::Keeper(settings) => {
                let protocol = &snapshot.protocol;
                if protocol.is_guardian(&settings.key) || protocol.authority == settings.key {
                    let rule = BreakerError::GuardianRoleConflict;
                    let role =
                        if protocol.authority == settings.key { "the authority" } else { "a guardian" };
                    return Err(Error::usage(format!(
                        "{} is {role} of this protocol: give the bot a key of its own ({})",
                        settings.key,
                        rule.name()
                    )));
                }
                New::checked(snapshot, Proposed::RegisterKeeper(settings), Vec::new())
            }
            Asked::Coverage(rows) => self.coverage(snapshot, rows).await,
            Asked::Safe { market, mint } => self.safe(snapshot, (market, mint)).await,
            Asked::Route { market, vault, settings } => self.route(snapshot, (market, vault), settings).await,
        }
    }

    async fn coverage(&self, snapshot: &Snapshot, rows: Vec<Row>) -> Result<New, Error> {
        let key = pda::coverage(&snapshot.addresses.protocol).0;
        let known = match self.node.accounts(&[key]).await?.pop().flatten() {
            Some(_) => self.node.one::<Coverage>("coverage table", key).await?,
            None => Box::new(bytemuck::Zeroable::zeroed()),
        };
        bounds::rows(&known, &rows)?;
        let names = rows.iter().map(|one| format!("0x{} is `{}`", hex(&one.row.instruction), one.name));
        let notes = names.chain([format!("rows that are there already: {}", known.rows().len())]).collect();
        let proposed = Proposed::RegisterCoverage(rows.iter().map(|one| one.row).collect());
        Ok(New { notes, ..New::checked(snapshot, proposed, Vec::new())? })
    }

    /// A market by its number; one that waits to be created will do for what waits too.
    fn market(&self, snapshot: &Snapshot, id: u64) -> Result<(Pubkey, Vec<String>), Error> {
        let missing = match snapshot.market(id) {
            Ok((key, _)) => return Ok((*key, Vec::new())),
            Err(missing) => missing,
        };
        let creates = |proposal: &&(Pubkey, Box<Proposal>)| {
            let read = proposal.1.read_content();
            matches!(read, Some((_, Proposed::CreateMarket { id: other, .. })) if other == id)
        };
        match waiting(snapshot).find(creates) {
            Some((_, proposal)) if self.waits => {
                let name = content::proposal_name(proposal, snapshot);
                let note =
                    format!("market {id} is not there yet: execute proposal {name} first, which creates it");
                Ok((snapshot.addresses.market(id), vec![note]))
            }
            _ => Err(missing),
        }
    }
}

/// What waits and can still be executed.
fn waiting(snapshot: &Snapshot) -> impl Iterator<Item = &(Pubkey, Box<Proposal>)> {
    let now = snapshot.now;
    let can = move |one: &&(Pubkey, Box<Proposal>)| {
        !one.1.expires_at.reached(now) && !content::is_void(&one.1, snapshot)
    };
    snapshot.proposals.iter().filter(can)
}

/// Checks that it is not there yet: nothing is registered twice. What else waits to register it is no error: the first that is
/// executed does.
fn check_free(proposed: &Proposed, bound: &[Pubkey], snapshot: &Snapshot) -> Result<Vec<String>, Error> {
    let Some(key) = content::created(proposed, bound, snapshot) else {
        return Ok(Vec::new());
    };
    if let Some((_, keeper)) = snapshot.keepers.iter().find(|(one, _)| *one == key) {
        return Err(Error::usage(format!(
            "keeper {} was registered already, until {}: a key is registered once; give the bot another one",
            keeper.key,
            words::moment(keeper.expires.unix)
        )));
    }
    if snapshot.is_registered(&key) {
        let name = content::subject_name(&key, snapshot);
        return Err(Error::usage(format!(
            "{name} is there already: nothing is registered twice; `tighten` and `propose` with --set change it"
        )));
    }
    let same = waiting(snapshot).filter(|(_, proposal)| {
        let read = proposal.read_content();
        read.is_some_and(|(accounts, other)| content::created(&other, &accounts, snapshot) == Some(key))
    });
    Ok(same
        .map(|(_, proposal)| {
            let name = content::proposal_name(proposal, snapshot);
            format!("proposal {name} registers it too: only the first that is executed does")
        })
        .collect())
}
