//! Key files.

use std::{
    io,
    path::{Path, PathBuf},
};

use solana_keypair::Keypair;

/// Why a key file is refused. Nothing of its content is ever shown.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It is not there.
    #[error("key file {} is missing: `solana-keygen new -o {}` makes one", .0.display(), .0.display())]
    Missing(PathBuf),
    /// It cannot be read.
    #[error("key file {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Somebody else on this machine could take the key.
    #[error("key file {} may be read by others (mode {mode:03o}): `chmod 600 {}`", path.display(), path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It holds no key.
    #[error("key file {} holds no key: a JSON list of 64 bytes is expected, as solana-keygen writes it", .0.display())]
    NotAKey(PathBuf),
}

/// Reads a key file that nobody else can read.
///
/// # Errors
/// [`KeyError`].
pub fn read(path: &Path) -> Result<Keypair, KeyError> {
    let text = std::fs::read_to_string(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => KeyError::Missing(path.to_owned()),
        io::ErrorKind::InvalidData => KeyError::NotAKey(path.to_owned()),
        _ => KeyError::Unreadable { path: path.to_owned(), source },
    })?;
    refuse_exposed(path)?;
    let not_a_key = || KeyError::NotAKey(path.to_owned());
    let bytes: Vec<u8> = serde_json::from_str(&text).map_err(|_| not_a_key())?;
    Keypair::try_from(bytes.as_slice()).map_err(|_| not_a_key())
}

#[cfg(unix)]
fn refuse_exposed(path: &Path) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt;

    let unreadable = |source| KeyError::Unreadable { path: path.to_owned(), source };
    let mode = std::fs::metadata(path).map_err(unreadable)?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(KeyError::Exposed { path: path.to_owned(), mode }) }
}

/// Other systems have no such bits.
#[cfg(not(unix))]
fn refuse_exposed(_: &Path) -> Result<(), KeyError> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use solana_signer::Signer;
    use tempfile::TempDir;

    use super::*;

    fn file(text: &str, mode: u32) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key.json");
        std::fs::write(&path, text).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("its mode");
        (folder, path)
    }

    fn json_of(key: &Keypair) -> String {
        serde_json::to_string(&key.to_bytes().to_vec()).expect("a list")
    }

    #[test]
    fn reads_a_key_that_nobody_else_can_read() {
        let key = Keypair::new();
        let (_folder, path) = file(&json_of(&key), 0o600);
        assert_eq!(read(&path).expect("a key").pubkey(), key.pubkey());
    }

    #[test]
    fn refuses_a_key_that_others_can_read() {
        for mode in [0o644, 0o640, 0o604] {
            let (_folder, path) = file(&json_of(&Keypair::new()), mode);
            let error = read(&path).expect_err("others can read it");
            assert!(matches!(error, KeyError::Exposed { mode: found, .. } if found == mode));
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
    }

    #[test]
    fn names_what_is_missing_or_no_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = read(&folder.path().join("none.json")).expect_err("no file");
        assert!(matches!(error, KeyError::Missing(_)) && error.to_string().contains("none.json"));
        let mut twisted = Keypair::new().to_bytes().to_vec();
        twisted[40] ^= 1;
        let twisted = serde_json::to_string(&twisted).expect("a list");
        for text in ["", "{}", "[1,2,3]", "[256]", "secret words", &twisted] {
            let (_folder, path) = file(text, 0o600);
            let error = read(&path).expect_err("no key");
            assert!(matches!(error, KeyError::NotAKey(_)), "{text}: {error}");
            assert!(text.len() < 5 || !error.to_string().contains(text), "the content is not shown");
        }
    }
}
