//! A Ledger that signs: `--keypair usb://ledger?key=0`, as the Solana CLI names it. Only where this tool was built with
//! the feature `ledger`.

#[cfg(not(feature = "ledger"))]
use {crate::error::Error, solana_signer::Signer};

/// Whether this names a device.
pub(super) fn is_device(text: &str) -> bool {
    text.starts_with("usb:")
}

/// The device's key.
///
/// # Errors
/// [`Error::Usage`]: this tool was built without it.
#[cfg(not(feature = "ledger"))]
pub(super) fn signer(place: &str) -> Result<Box<dyn Signer>, Error> {
    Err(Error::usage(format!(
        "{place}: this tool was built without Ledgers: build it with `cargo install --path guardian --features ledger`, or name the address with --as, and sign there what --print gives"
    )))
}

#[cfg(feature = "ledger")]
pub(super) use device::signer;

#[cfg(feature = "ledger")]
mod device {
    use rustix::{io::dup, stdio};
    use solana_derivation_path::DerivationPath;
    use solana_pubkey::Pubkey;
    use solana_remote_wallet::{
        locator::Locator,
        remote_keypair::{RemoteKeypair, generate_remote_keypair},
        remote_wallet::{RemoteWalletError, maybe_wallet_manager},
    };
    use solana_signature::Signature;
    use solana_signer::{Signer, SignerError};

    use crate::error::Error;

    /// The device's key.
    ///
    /// # Errors
    /// [`Error::Usage`] where the place is not understood, [`Error::Sign`] where there is no such device.
    pub(crate) fn signer(place: &str) -> Result<Box<dyn Signer>, Error> {
        let (locator, path) = read(place)?;
        let failed = |error: RemoteWalletError| {
            Error::Sign(format!("{place}: {error}; plug it in, unlock it and open its Solana app"))
        };
        let manager = maybe_wallet_manager().map_err(failed)?;
        let manager = manager.ok_or(RemoteWalletError::NoDeviceFound).map_err(failed)?;
        let key = generate_remote_keypair(locator, path, &manager, false, "--keypair").map_err(failed)?;
        Ok(Box::new(Device(key)))
    }

    /// Which device, and which of its keys.
    pub(super) fn read(place: &str) -> Result<(Locator, DerivationPath), Error> {
        let expected = |why: String| {
            Error::usage(format!(
                "{place}: {why}: usb://ledger, usb://ledger?key=0 or usb://ledger/ADDRESS?key=0/1"
            ))
        };
        let (device, query) = place.split_once('?').unwrap_or((place, ""));
        let locator = Locator::new_from_path(device).map_err(|error| expected(error.to_string()))?;
        let path = match query.strip_prefix("key=") {
            Some(key) => DerivationPath::from_key_str(key).map_err(|error| expected(error.to_string()))?,
            None if query.is_empty() => DerivationPath::default(),
            None => return Err(expected(format!("`{query}` is no key of it"))),
        };
        Ok((locator, path))
    }

    /// A device that asks whoever holds it. What its library says goes to standard error: standard output is the answer's.
    struct Device(RemoteKeypair);

    impl Signer for Device {
        fn try_pubkey(&self) -> Result<Pubkey, SignerError> {
            self.0.try_pubkey()
        }

        fn try_sign_message(&self, message: &[u8]) -> Result<Signature, SignerError> {
            let failed = |error: rustix::io::Errno| SignerError::Custom(error.to_string());
            let answer = dup(stdio::stdout()).map_err(failed)?;
            stdio::dup2_stdout(stdio::stderr()).map_err(failed)?;
            let signed = self.0.try_sign_message(message);
            stdio::dup2_stdout(&answer).map_err(failed)?;
            signed
        }

        fn is_interactive(&self) -> bool {
            true
        }
    }
}

#[cfg(all(test, feature = "ledger"))]
mod tests {
    use solana_derivation_path::DerivationPath;
    use solana_remote_wallet::locator::Manufacturer;

    use super::*;
    use crate::error::Error;

    #[test]
    fn a_device_is_named_as_the_solana_cli_names_it() {
        let (locator, path) = device::read("usb://ledger").expect("a device");
        assert_eq!((locator.manufacturer, locator.pubkey), (Manufacturer::Ledger, None));
        assert_eq!(path, DerivationPath::default());
        let path = device::read("usb://ledger?key=3/1").expect("a device").1;
        assert_eq!(path, DerivationPath::new_bip44(Some(3), Some(1)));
        let address = solana_pubkey::Pubkey::new_from_array([7; 32]);
        let locator = device::read(&format!("usb://ledger/{address}?key=0")).expect("a device").0;
        assert_eq!(locator.pubkey, Some(address));
        for place in [
            "usb:",
            "usb://",
            "usb://toaster",
            "usb://ledger?key=x",
            "usb://ledger?place=1",
            "usb://ledger/x",
        ] {
            assert!(
                matches!(device::read(place), Err(Error::Usage(text)) if text.contains("usb://ledger?key=0")),
                "{place}"
            );
        }
    }
}
