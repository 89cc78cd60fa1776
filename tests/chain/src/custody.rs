//! Vaults in the breaker's custody, each with a limiter, a route and money, by real transactions.

use std::sync::Arc;

use firebreak_client::{
    addresses::current_segment,
    decode,
    instruction::{self as breaker, NewLimiter},
    interface::{
        constants::SEGMENTS_AHEAD,
        pda,
        state::{Journal, LimiterSettings, RouteSettings},
    },
};
use solana_client::nonblocking::rpc_client::RpcClient;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use tokio::task::JoinSet;

use crate::{Chain, ChainError, account, send::send, token};

/// What the limiters of the mint let out together until they are seasoned.
const MINT_CAP: u64 = 50_000;

/// The vaults of one market and mint. The chain's payer is authority of protocol and mint.
#[derive(Clone, Copy, Debug)]
pub struct Custody {
    /// The protocol.
    pub protocol: Pubkey,
    /// Its market.
    pub market: Pubkey,
    /// The mint, of the first token program.
    pub mint: Pubkey,
}

/// Makes the instructions of one transaction, which writes one entry of the journal, in this segment.
type Make = Box<dyn Fn(Option<u32>) -> Vec<Instruction>>;

impl Custody {
    /// The token account of the safe.
    pub fn safe_tokens(&self) -> Pubkey {
        pda::safe_tokens(&pda::safe(&self.market, &self.mint).0).0
    }

    /// Registers the safe, then a vault with each of these amounts.
    pub async fn open(&self, chain: &Chain, amounts: &[u64]) -> Result<Vec<Pubkey>, ChainError> {
        let (rpc, Self { protocol, market, mint }) = (chain.rpc(), *self);
        let key = chain.payer().pubkey();
        let keys: Vec<_> = amounts.iter().map(|_| Keypair::new()).collect();
        let vaults: Vec<_> = keys.iter().map(Signer::pubkey).collect();
        let rent = token::rent(&rpc).await?;
        let safe: Make = Box::new(move |segment| {
            let program = spl_token_interface::id();
            vec![breaker::register_safe(key, key, (protocol, market), (mint, program), segment)]
        });
        self.register(chain, vec![(None, safe)]).await?;

        let limiters = keys.into_iter().zip(amounts).map(|(vault_key, &amount)| {
            let vault = vault_key.pubkey();
            let make: Make = Box::new(move |segment| {
                let settings = &LimiterSettings::starting(0, 0);
                let new = NewLimiter { market, vault, mint, mint_cap: MINT_CAP, settings };
                let mut all = token::new_account(&key, &vault, rent, &mint, &key).to_vec();
                all.push(token::mint_by(&key, &mint, &vault, amount));
                // the owner is the route, whose address is the vault's: so it is handed over
                all.push(token::give(&vault, &key, &pda::route(&market, &vault).0));
                all.push(breaker::register_limiter(key, key, protocol, &new, segment));
                all
            });
            (Some(vault_key), make)
        });
        self.register(chain, limiters.collect()).await?;

        let routes = vaults.iter().map(|&vault| {
            let make: Make = Box::new(move |segment| {
                let settings = RouteSettings::starting();
                let of = (protocol, market);
                vec![breaker::register_route(key, key, of, (vault, mint), &settings, segment)]
            });
            (None, make)
        });
        self.register(chain, routes.collect()).await?;
        self.extend(chain).await?;
        Ok(vaults)
    }

    /// The journal's segment of now, with room in it and others that wait.
    pub async fn segment(&self, chain: &Chain) -> Result<Option<u32>, ChainError> {
        Ok(current_segment(&self.extend(chain).await?))
    }

    /// Sends them all at once, as many as the journal's segment has room for.
    async fn register(
        &self,
        chain: &Chain,
        mut waiting: Vec<(Option<Keypair>, Make)>,
    ) -> Result<(), ChainError> {
        let rpc = Arc::new(chain.rpc());
        while !waiting.is_empty() {
            let journal = self.extend(chain).await?;
            let room = usize::try_from(journal.room).unwrap_or(usize::MAX);
            let rest = waiting.split_off(room.min(waiting.len()));
            let mut under_way = JoinSet::new();
            for (signer, make) in waiting {
                let (rpc, payer) = (Arc::clone(&rpc), chain.payer().insecure_clone());
                let instructions = make(current_segment(&journal));
                under_way.spawn(async move {
                    let signers: Vec<_> = signer.iter().collect();
                    send(&rpc, &payer, &signers, &instructions).await?.ok()
                });
            }
            while let Some(landed) = under_way.join_next().await {
                landed.expect("nothing in it panics or is cancelled")?;
            }
            waiting = rest;
        }
        Ok(())
    }

    /// Creates the segments that may wait, so that entries find room; gives the journal of now.
    async fn extend(&self, chain: &Chain) -> Result<Journal, ChainError> {
        let rpc = chain.rpc();
        loop {
            let journal = self.journal(&rpc).await?;
            if journal.room > 0 && journal.ahead() >= SEGMENTS_AHEAD {
                return Ok(journal);
            }
            let extend = breaker::extend_journal(chain.payer().pubkey(), self.protocol, journal.segments);
            send(&rpc, chain.payer(), &[], &[extend]).await?.ok()?;
        }
    }

    async fn journal(&self, rpc: &RpcClient) -> Result<Journal, ChainError> {
        let address = pda::journal(&self.protocol).0;
        let problem = |problem| ChainError::Account { address, problem };
        let account = account(rpc, &address).await?.ok_or(problem("does not exist"))?;
        decode(&account.owner, &account.data).map_err(|_| problem("is no journal"))
    }
}
