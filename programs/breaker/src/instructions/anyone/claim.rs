//! `claim`: a claim on a safe is paid to its owner, whoever asks.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant, pda,
    state::{Act, CLAIMS_PER_PAGE, ClaimPage, JournalEntry, Protocol, Safe},
};

use crate::{
    create::create_if_missing,
    payee,
    record::*,
    token::{self, Transfer},
};

/// Accounts of `claim`.
#[derive(Accounts)]
#[instruction(index: u64)]
pub struct Claim<'info> {
    /// Pays rent of a page that nobody has needed before.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The protocol.
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops the safe of another protocol, and another mint or token account than its own.
    #[account(
        mut,
        has_one = protocol @ BreakerError::WrongProtocol,
        has_one = tokens @ BreakerError::WrongSafe,
        has_one = mint @ BreakerError::WrongMint
    )]
    pub safe: AccountLoader<'info, Safe>,
    /// CHECK: the safe names it; the handler checks now that nobody else can spend from it.
    #[account(mut)]
    pub tokens: UncheckedAccount<'info>,
    /// CHECK: created when missing; the seeds stop the page of other claims, or of another set, on which this one was not made.
    #[account(
        mut,
        seeds = [
            pda::CLAIMS,
            safe.key().as_ref(),
            &safe.load()?.claims_epoch.to_le_bytes(),
            &(index / CLAIMS_PER_PAGE).to_le_bytes()
        ],
        bump
    )]
    pub page: UncheckedAccount<'info>,
    /// CHECK: who has the claim: the leaf names it. Signs where it names another account than its associated one.
    pub owner: UncheckedAccount<'info>,
    /// CHECK: the handler checks that it is the owner's.
    #[account(mut)]
    pub to: UncheckedAccount<'info>,
    /// CHECK: the safe names it.
    pub mint: UncheckedAccount<'info>,
    /// CHECK: the handler checks that it is the mint's.
    pub token_program: UncheckedAccount<'info>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `claim`.
pub fn claim(ctx: Context<Claim>, index: u64, amount: u64, proof: &[[u8; 32]]) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let (protocol_key, safe_key) = (accounts.protocol.key(), accounts.safe.key());
    let owner = accounts.owner.key();
    accounts.protocol.load()?.check_attached()?;
    payee::check(&accounts.to, &accounts.owner, (&accounts.mint, &accounts.token_program), None)?;
    let (epoch, number) = (accounts.safe.load()?.claims_epoch, index / CLAIMS_PER_PAGE);
    {
        let bump = ctx.bumps.page;
        let seeds: &[&[u8]] =
            &[pda::CLAIMS, safe_key.as_ref(), &epoch.to_le_bytes(), &number.to_le_bytes(), &[bump]];
        let mut page = create_if_missing::<ClaimPage>(&accounts.page, &accounts.payer, seeds)?;
        page.initialize_once(safe_key, (epoch, number), bump);
        page.take(index)?;
    }
    let (market, mint, bump) = {
        let mut safe = accounts.safe.load_mut()?;
        safe.check_tokens(&safe_key, accounts.tokens.key, &token::read(&accounts.tokens)?)?;
        safe.claim(&safe_key, (index, &owner, amount), proof)?;
        (safe.market, safe.mint, safe.bump)
    };
    let transfer = Transfer {
        program: &accounts.token_program,
        mint: &accounts.mint,
        from: &accounts.tokens,
        to: &accounts.to,
        owner: accounts.safe.as_ref(),
    };
    let seeds: &[&[u8]] = &[pda::SAFE, market.as_ref(), mint.as_ref(), &[bump]];
    let (sent, _) = transfer.send(amount, seeds)?;

    let entry = JournalEntry {
        value: sent,
        threshold: index,
        ..JournalEntry::new(Act::Claimed, owner, safe_key, now)
    };
    accounts.record.append(protocol_key, entry)?;
    Ok(())
}
