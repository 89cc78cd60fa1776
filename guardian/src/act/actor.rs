//! Who acts: the keys that are here, and the addresses whose keys are elsewhere.

use std::path::{Path, PathBuf};

use firebreak_client::key;
use solana_hash::Hash;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::Transaction;

use super::ledger;
use crate::{chain::Snapshot, error::Error};

/// Who acts. The first pays; who signs beside it is a guardian in an act of several.
pub struct Actor {
    /// All who sign, each once.
    signers: Vec<Pubkey>,
    /// The keys of those who sign here.
    keys: Vec<Box<dyn Signer>>,
}

impl Actor {
    /// The address to be acted for, or the keys in these files; `with` sign beside them, elsewhere.
    ///
    /// # Errors
    /// [`Error::Key`], [`Error::Option`], [`Error::Usage`].
    pub fn new(acting: Option<Pubkey>, files: &[PathBuf], with: &[Pubkey]) -> Result<Self, Error> {
        let keys = match acting {
            Some(_) => Vec::new(),
            None if files.is_empty() => return Err(Error::Option { what: "key", option: "--keypair" }),
            None => files.iter().map(|file| read(file)).collect::<Result<Vec<_>, _>>()?,
        };
        let mut signers: Vec<Pubkey> = Vec::new();
        for key in acting.into_iter().chain(keys.iter().map(|key| key.pubkey())).chain(with.iter().copied()) {
            if !signers.contains(&key) {
                signers.push(key);
            }
        }
        Ok(Self { signers, keys })
    }

    /// Nobody: for what others have signed.
    pub const fn nobody() -> Self {
        Self { signers: Vec::new(), keys: Vec::new() }
    }

    /// Who acts, and pays.
    pub fn address(&self) -> Pubkey {
        self.signers.first().copied().unwrap_or_default()
    }

    /// All who sign.
    pub fn signers(&self) -> &[Pubkey] {
        &self.signers
    }

    /// Those whose keys are elsewhere.
    pub fn elsewhere(&self) -> Vec<Pubkey> {
        let is_here = |signer: &&Pubkey| self.keys.iter().any(|key| key.pubkey() == **signer);
        self.signers.iter().filter(|signer| !is_here(signer)).copied().collect()
    }

    /// Checks that there is one: the act is one key's.
    ///
    /// # Errors
    /// [`Error::Usage`].
    pub fn check_alone(&self) -> Result<(), Error> {
        if self.signers.len() > 1 {
            return Err(Error::usage(format!(
                "one key does this, and {} are named: name one with --keypair",
                self.signers.len()
            )));
        }
        Ok(())
    }

    /// Checks that all of them are guardians.
    ///
    /// # Errors
    /// [`Error::WrongKey`].
    pub fn check_guardians(&self, snapshot: &Snapshot) -> Result<(), Error> {
        let stranger = self.signers.iter().find(|key| !snapshot.protocol.is_guardian(key));
        let Some(key) = stranger.copied() else {
            return Ok(());
        };
        let remedy = "`members` lists them; name the right key with --keypair".to_owned();
        Err(Error::WrongKey { key, role: "a guardian", remedy })
    }

    /// Checks that this is one guardian.
    ///
    /// # Errors
    /// [`Error::WrongKey`], [`Error::Usage`].
    pub fn check_guardian(&self, snapshot: &Snapshot) -> Result<(), Error> {
        self.check_alone()?;
        self.check_guardians(snapshot)
    }

    /// Checks that this is the authority.
    ///
    /// # Errors
    /// [`Error::WrongKey`], [`Error::Usage`].
    pub fn check_authority(&self, snapshot: &Snapshot) -> Result<(), Error> {
        self.check_alone()?;
        let (key, authority) = (self.address(), snapshot.protocol.authority);
        if key == authority {
            return Ok(());
        }
        let remedy = format!(
            "that is {authority}; name its key with --keypair, or --as {authority} --print where another program or wallet signs for it"
        );
        Err(Error::WrongKey { key, role: "the authority", remedy })
    }

    /// Adds the signatures of the keys that are here, as far as the transaction asks for them; gives how many.
    ///
    /// # Errors
    /// [`Error::Sign`].
    pub fn sign(&self, transaction: &mut Transaction, blockhash: Hash) -> Result<usize, Error> {
        let required = usize::from(transaction.message.header.num_required_signatures);
        let asked = transaction.message.account_keys.get(..required).unwrap_or_default();
        let keys: Vec<&dyn Signer> =
            self.keys.iter().map(|key| &**key).filter(|key| asked.contains(&key.pubkey())).collect();
        let count = keys.len();
        let signed = transaction.try_partial_sign(&keys, blockhash);
        signed.map_err(|error| Error::Sign(format!("{error}: sign elsewhere what --print gives")))?;
        Ok(count)
    }
}

fn read(file: &Path) -> Result<Box<dyn Signer>, Error> {
    if let Some(place) = file.to_str().filter(|text| ledger::is_device(text)) {
        return ledger::signer(place);
    }
    if is_elsewhere(file) {
        return Err(Error::usage(format!(
            "{} is no key file: name the address with --as, and sign there what --print gives",
            file.display()
        )));
    }
    Ok(Box::new(key::read(file)?))
}

/// Whether the Solana CLI would ask a person or a pipe for this key.
fn is_elsewhere(file: &Path) -> bool {
    let text = file.to_string_lossy();
    text == "-" || text == "ASK" || ["prompt:", "stdin:"].iter().any(|scheme| text.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_no_file_is_signed_for_elsewhere() {
        for place in ["prompt://", "ASK", "-"] {
            let refused = Actor::new(None, &[PathBuf::from(place)], &[]).map(|actor| actor.address());
            assert!(matches!(refused, Err(Error::Usage(text)) if text.contains("--print")), "{place}");
        }
        // no device is asked for an address that was named
        let address = Pubkey::new_from_array([5; 32]);
        let actor = Actor::new(Some(address), &[PathBuf::from("usb://ledger")], &[]);
        assert!(matches!(actor, Ok(actor) if actor.address() == address));
        assert!(matches!(Actor::new(None, &[], &[]), Err(Error::Option { what: "key", .. })));
    }

    #[test]
    #[cfg(not(feature = "ledger"))]
    fn a_ledger_takes_a_tool_that_was_built_for_it() {
        let refused =
            Actor::new(None, &[PathBuf::from("usb://ledger?key=0")], &[]).map(|actor| actor.address());
        let Err(Error::Usage(text)) = refused else { panic!("{refused:?}") };
        assert!(text.contains("--features ledger") && text.contains("--as"), "{text}");
    }

    #[test]
    fn who_signs_elsewhere_is_told_apart_and_nobody_signs_twice() {
        let (one, other) = (Pubkey::new_from_array([5; 32]), Pubkey::new_from_array([6; 32]));
        let actor = Actor::new(Some(one), &[], &[other, one]).expect("two addresses");
        assert_eq!(actor.signers(), [one, other]);
        assert_eq!(actor.elsewhere(), [one, other]);
        assert!(actor.check_alone().is_err());
    }
}
