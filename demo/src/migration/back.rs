//! The ending in which the money goes back: in steps, with the market behind it.

use firebreak_chain::send;
use firebreak_client::{
    ProtocolAddresses,
    interface::{
        Severity,
        constants::{MIGRATION_WINDOW, RELEASE_STEPS},
        pda,
        state::{Proposal, ReleaseOrder, Route},
    },
};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use super::{
    desk::{QUORUM, Who},
    queue,
    report::End,
    story::{Story, dollars},
    thief,
};
use crate::{
    attacker,
    error::{DemoError, Trying},
    stage::{COIN, DOLLAR, USD},
};

/// What an honest user withdraws when all is over.
const AFTERWARDS: u64 = 1_000 * USD;
/// His number for that, should it wait.
const NONCE: u64 = 1;

impl Story {
    /// Guardians agree on the way back, the authority begins it, anybody takes its steps; then guardians open the market, which comes
    /// down a step at a time.
    pub(super) async fn bring_back(&mut self, authority: &Keypair) -> Result<End, DemoError> {
        let releases = [self.propose_release(DOLLAR, 0).await?, self.propose_release(COIN, 1).await?];
        // the younger one: its delay has hardly begun
        let [_, (proposal, order)] = &releases;
        self.tried.extend(thief::tries_release(&self.stage, authority, *proposal, order).await?);

        self.note("guardians agreed on the release of both safes; it waits".to_owned()).await?;
        (self.tell)(&format!(
            "waiting: the order lasts {MIGRATION_WINDOW} s here, a day otherwise, and the release follows it"
        ));
        let proposals = releases.each_ref().map(|(proposal, _)| *proposal);
        self.until_ripe(proposals).await?;
        self.until("the end of the order", async |story: &Self| {
            let view = story.view().await?;
            Ok(!view.market.is_ordered(view.now))
        })
        .await?;
        for number in 0..releases.len() {
            self.types(&format!("release begin 0/{number}"), &[Who::Authority]).await?;
        }
        let mut returned_slot = self.note("the authority began the release of both safes".to_owned()).await?;
        self.tried.extend(thief::tries_two_steps(&self.stage).await?);
        for step in 1..=RELEASE_STEPS {
            for (_, order) in &releases {
                let route = pda::route(&self.stage.venue.market, &order.vault).0;
                self.until("a release's next step", async |story: &Self| {
                    let now = story.view().await?.now;
                    Ok(story.read::<Route>(route, "route").await?.release.next_at.reached(now))
                })
                .await?;
                self.types(&format!("release step --vault {}", order.vault), &[Who::Bystander]).await?;
            }
            let what = format!("step {step} of {RELEASE_STEPS}: a quarter more is back in each vault");
            returned_slot = self.note(what).await?;
        }

        self.types("resume --market 0", &QUORUM).await?;
        let mut normal_slot = self.note("guardians cleared the pause".to_owned()).await?;
        for severity in [Severity::Minor, Severity::Normal] {
            self.until("the market's next step down", async |story: &Self| {
                Ok(story.view().await?.severity() <= severity)
            })
            .await?;
            normal_slot = self.note(format!("market is {severity:?}")).await?;
        }
        // nobody else takes what begins to be let out again
        self.quiet().await?;
        let paid_at_once = self.is_paid_at_once().await?;
        Ok(End::Return { returned_slot, normal_slot, paid_at_once })
    }

    /// A guardian proposes that a vault gets back all that its safe owes nobody, and another approves.
    async fn propose_release(
        &mut self,
        place: usize,
        number: u64,
    ) -> Result<(Pubkey, ReleaseOrder), DemoError> {
        let vault = self.stage.vault(place);
        let amount = self.balance(&self.tokens(place)).await?;
        let propose = format!("release propose --vault {vault} --amount {amount}units");
        self.types(&propose, &[Who::Guardian(0)]).await?;
        self.types(&format!("approve 0/{number}"), &[Who::Guardian(1)]).await?;
        let owner = self.stage.venue.vault_owner(&self.stage.mints[place]);
        Ok((self.proposal(number), ReleaseOrder { vault, amount, destination: vault, owner }))
    }

    /// A proposal of the first guardian.
    pub(super) fn proposal(&self, number: u64) -> Pubkey {
        let addresses = ProtocolAddresses::new(self.stage.venue.protocol);
        addresses.guardian_proposal(&self.stage.guardians[0].pubkey(), number)
    }

    /// Waits until the delay of proposals is over.
    pub(super) async fn until_ripe(&self, proposals: [Pubkey; 2]) -> Result<(), DemoError> {
        self.until("the end of the loosening delay", async |story: &Self| {
            let (now, mut ripe) = (story.view().await?.now, true);
            for proposal in proposals {
                ripe &= story.read::<Proposal>(proposal, "proposal").await?.ripe_at.reached(now);
            }
            Ok(ripe)
        })
        .await
    }

    /// Whether an honest user can withdraw again, once the average has grown.
    async fn is_paid_at_once(&mut self) -> Result<bool, DemoError> {
        self.until("an average that lets users withdraw", async |story: &Self| {
            Ok(attacker::passes_soon(&story.view().await?) >= AFTERWARDS)
        })
        .await?;
        let lender = &self.stage.lenders[0];
        let before = self.lenders_have().await?;
        let withdraw = queue::ask(&self.stage, &self.stage.rpc(), lender, AFTERWARDS, NONCE).await?;
        let sent = send::send(&self.rpc, &lender.key, &[], &withdraw).await;
        sent.and_then(send::Landed::ok).trying("an honest withdrawal")?;
        self.caught_up().await?;
        let is_paid = self.lenders_have().await? == before + AFTERWARDS;
        if is_paid {
            self.note(format!("an honest user withdrew {} at once", dollars(AFTERWARDS))).await?;
        }
        Ok(is_paid)
    }
}
