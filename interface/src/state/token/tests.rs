use std::{env, fs, path::Path};

use proptest::prelude::*;

use super::*;
use crate::state::VaultState;

const CHECKED: [Use; 2] = [Use::Guarded, Use::Routed];

/// A mint or an account of Token-2022 with these extensions, by number and value.
fn with(holder: Holder, extensions: &[(u16, &[u8])]) -> Vec<u8> {
    let mut data = vec![0; ACCOUNT_LEN];
    data[INITIALISED.0] = INITIALISED.1;
    data.push(holder as u8);
    for (number, value) in extensions {
        data.extend(number.to_le_bytes());
        data.extend(u16::try_from(value.len()).expect("short").to_le_bytes());
        data.extend(*value);
    }
    data
}

fn check(holder: Holder, usage: Use, data: &[u8]) -> Checked<Warnings> {
    match holder {
        Holder::Mint => check_mint(&TOKEN_2022, data),
        Holder::Account => check_account(&TOKEN_2022, data, usage),
    }
}

fn refused(holder: Holder) -> Checked<Warnings> {
    Err(match holder {
        Holder::Mint => BreakerError::MintNotGuardable,
        Holder::Account => BreakerError::VaultNotGuardable,
    })
}

/// What the table says, looked up row by row.
fn ruled(holder: Holder, usage: Use, number: u16) -> Checked<Warnings> {
    let row = TABLE.iter().find(|row| row.number == number && row.holder == holder);
    match row.map(|row| (row.ruling(usage), row.bit())) {
        Some((Ruling::Allowed, _)) => Ok(Warnings(0)),
        Some((Ruling::Warned, bit)) => Ok(Warnings(bit)),
        Some((Ruling::Refused, _)) | None => refused(holder),
    }
}

#[test]
fn rows_are_in_order_and_a_mint_has_one_ruling() {
    for (number, row) in (1..).zip(TABLE) {
        assert_eq!(row.number, number, "{}", row.name);
        assert!(row.holder == Holder::Account || row.guarded == row.routed, "{}", row.name);
        assert!(row.ruling(Use::Guarded) != Ruling::Refused || row.routed == Ruling::Refused, "{}", row.name);
        assert!(!row.is_switched() || row.holder == Holder::Account, "{}", row.name);
    }
}

#[test]
fn every_number_is_answered_as_its_row_says_and_by_no_row_it_is_refused() {
    for holder in [Holder::Mint, Holder::Account] {
        let harmless = if holder == Holder::Mint { 18 } else { 7 };
        for (usage, number) in CHECKED.into_iter().flat_map(|usage| (1..=u16::MAX).map(move |n| (usage, n))) {
            let expected = ruled(holder, usage, number);
            let alone = with(holder, &[(number, &[1; 8])]);
            assert_eq!(check(holder, usage, &alone), expected, "{number}");
            let behind = with(holder, &[(harmless, &[1; 64]), (number, &[1; 3])]);
            assert_eq!(check(holder, usage, &behind), expected, "{number}");
        }
    }
}

#[test]
fn what_an_owner_switched_off_counts_for_nothing() {
    for (number, usage) in [8, 11].into_iter().flat_map(|number| CHECKED.map(|usage| (number, usage))) {
        let account =
            |value: &[u8]| check(Holder::Account, usage, &with(Holder::Account, &[(number, value)]));
        assert_eq!(account(&[0]), Ok(Warnings(0)), "{number} off");
        assert_eq!(account(&[1]), ruled(Holder::Account, usage, number), "{number} on");
        assert_eq!(
            account(&[255]),
            ruled(Holder::Account, usage, number),
            "the token program takes it for on"
        );
        assert_eq!(account(&[]), refused(Holder::Account), "it does not say");
    }
}

#[test]
fn nothing_comes_after_a_zero_and_nothing_is_cut_short() {
    let mut padded = with(Holder::Mint, &[(18, &[0; 64])]);
    for _ in 0..5 {
        padded.push(0);
        assert_eq!(check_mint(&TOKEN_2022, &padded), Ok(Warnings(0)), "{} bytes", padded.len());
    }
    padded.extend([12, 0, 0, 0]);
    assert_eq!(check_mint(&TOKEN_2022, &padded), Ok(Warnings(0)), "the token program does not see it either");
    let whole = with(Holder::Mint, &[(18, &[7; 64])]);
    for len in ACCOUNT_LEN + 3..whole.len() {
        assert!(check_mint(&TOKEN_2022, &whole[..len]).is_err(), "{len} bytes");
    }
}

#[test]
fn what_is_no_mint_is_refused() {
    let mut plain = vec![0; MINT_LEN];
    assert!(check_mint(&TOKEN, &plain).is_err(), "not initialised");
    plain[INITIALISED.0] = INITIALISED.1;
    assert!(check_mint(&TOKEN, &plain).is_ok() && check_mint(&TOKEN_2022, &plain).is_ok());
    assert!(check_mint(&Pubkey::default(), &plain).is_err(), "a look-alike program");
    assert!(check_mint(&TOKEN, &with(Holder::Mint, &[])).is_err(), "SPL Token has no extensions");
    assert!(check_mint(&TOKEN_2022, &with(Holder::Account, &[])).is_err(), "a token account");
    assert!(check_account(&TOKEN_2022, &with(Holder::Mint, &[]), Use::Routed).is_err(), "a mint");
    for len in 0..200 {
        let _ = check_mint(&TOKEN_2022, &vec![1; len]);
    }
}

/// A multisig of Token-2022 holds eleven keys that nobody has to sign for: its bytes say what their maker likes.
#[test]
fn a_multisig_is_neither_mint_nor_account() {
    for holder in [Holder::Mint, Holder::Account] {
        let mut data = with(holder, &[]);
        data.resize(MULTISIG_LEN, 0);
        assert_eq!(check(holder, Use::Guarded, &data), refused(holder));
        assert_eq!(supply(&TOKEN_2022, &data), None);
        data.push(0);
        assert_eq!(check(holder, Use::Guarded, &data), Ok(Warnings(0)), "any other length");
    }
}

#[test]
fn warnings_say_their_rows() {
    let names: Vec<_> = Warnings(1 << 1 | 1 << 26).rows().map(|row| row.name).collect();
    assert_eq!(names, ["transfer fee", "pausable"]);
    assert_eq!(Warnings::default().rows().count(), 0);
}

proptest! {
    #[test]
    fn all_extensions_of_an_account_count(
        numbers in prop::collection::vec(1u16..40, 0..12),
        is_mint: bool,
        is_guarded: bool,
    ) {
        let (holder, usage) =
            (if is_mint { Holder::Mint } else { Holder::Account }, CHECKED[usize::from(is_guarded)]);
        let extensions: Vec<(u16, &[u8])> = numbers.iter().map(|number| (*number, &[1, 2, 3][..])).collect();
        let expected = numbers.iter().try_fold(Warnings(0), |all, number| {
            ruled(holder, usage, *number).map(|row| Warnings(all.0 | row.0))
        });
        prop_assert_eq!(check(holder, usage, &with(holder, &extensions)), expected);
    }
}

proptest! {
    #[test]
    fn whatever_the_bytes_are_a_check_answers_and_a_vault_is_read_alike(
        mut data in prop::collection::vec(any::<u8>(), 0..400),
        number in 0u16..32,
    ) {
        if let Some([kind, low, high, ..]) = data.get_mut(ACCOUNT_LEN..) {
            // else almost nothing gets past the first extension
            (*kind, [*low, *high]) = (1 + *kind % 2, number.to_le_bytes());
        }
        let _ = (check_mint(&TOKEN_2022, &data), supply(&TOKEN_2022, &data));
        for usage in CHECKED {
            let is_account = extensions(&TOKEN_2022, &data, Holder::Account).is_some();
            prop_assert!(is_account || check_account(&TOKEN_2022, &data, usage).is_err());
            prop_assert!(is_account || VaultState::read(&TOKEN_2022, &data) == VaultState::default());
        }
    }
}

fn word(ruling: Ruling) -> &'static str {
    match ruling {
        Ruling::Allowed => "allowed",
        Ruling::Warned => "warning",
        Ruling::Refused => "refused",
    }
}

/// The tables of the docs; `FIREBREAK_BLESS=1` writes them.
#[test]
fn the_docs_print_this_table() {
    let of = |holder: Holder| TABLE.iter().filter(move |row| row.holder == holder);
    let mut tables = String::from("\n## Of a mint\n\n| number | extension | | why |\n|---:|---|---|---|\n");
    for row in of(Holder::Mint) {
        tables.push_str(&format!(
            "| {} | {} | {} | {} |\n",
            row.number,
            row.name,
            word(row.guarded),
            row.why
        ));
    }
    tables.push_str(
        "\n## Of a token account\n\n| number | extension | guarded | moved | why |\n|---:|---|---|---|---|\n",
    );
    for row in of(Holder::Account) {
        let (guarded, routed) = (word(row.guarded), word(row.routed));
        tables.push_str(&format!("| {} | {} | {guarded} | {routed} | {} |\n", row.number, row.name, row.why));
    }
    tables.push('\n');
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/token-2022.md");
    let page = fs::read_to_string(&file).expect("docs/token-2022.md is there");
    let (head, rest) = page.split_once("<!-- tables -->\n").expect("where the tables begin");
    let (printed, tail) = rest.split_once("<!-- end of tables -->\n").expect("where they end");
    if env::var_os("FIREBREAK_BLESS").is_some() {
        let page = format!("{head}<!-- tables -->\n{tables}<!-- end of tables -->\n{tail}");
        fs::write(&file, page).expect("the docs can be written");
    } else {
        assert_eq!(
            printed, tables,
            "docs/token-2022.md is stale: FIREBREAK_BLESS=1 cargo test -p firebreak-interface"
        );
    }
}
