//! Plain data on the wire: numbers of fixed size, little-endian and without padding, are in memory what they are in
//! Borsh. One copy instead of a call a field, which is most of what a program's decoder is made of.

#[cfg(target_endian = "big")]
compile_error!("plain data is little-endian on the wire");

macro_rules! plain {
    ($($type:ty),* $(,)?) => {
        $(
            impl borsh::BorshSerialize for $type {
                fn serialize<W: borsh::io::Write>(&self, writer: &mut W) -> borsh::io::Result<()> {
                    writer.write_all(bytemuck::bytes_of(self))
                }
            }

            impl borsh::BorshDeserialize for $type {
                fn deserialize_reader<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Self> {
                    let mut value: Self = bytemuck::Zeroable::zeroed();
                    reader.read_exact(bytemuck::bytes_of_mut(&mut value))?;
                    Ok(value)
                }
            }
        )*
    };
}

plain! {
    crate::time::Instant,
    crate::state::WindowSettings,
    crate::state::LimiterSettings,
    crate::state::Limits,
    crate::state::Response,
    crate::state::Feed,
    crate::state::BandSettings,
    crate::state::CoverageRow,
    crate::state::Thresholds,
    crate::state::RouteSettings,
}

#[cfg(test)]
mod tests {
    use crate::{
        Instant,
        state::{BandSettings, CoverageRow, Feed, LimiterSettings, Limits, Response},
    };
    use borsh::{BorshDeserialize, BorshSerialize, to_vec};

    /// The same bytes as the fields one after the other, and back.
    fn same<T: BorshSerialize + BorshDeserialize + PartialEq + core::fmt::Debug>(value: &T, fields: &[u8]) {
        let bytes = to_vec(value).expect("memory is there");
        assert_eq!(bytes, fields);
        assert_eq!(&borsh::from_slice::<T>(&bytes).expect("what was written"), value);
        assert!(borsh::from_slice::<T>(&bytes[1..]).is_err(), "cut short");
    }

    fn bytes<T: BorshSerialize>(fields: T) -> Vec<u8> {
        to_vec(&fields).expect("memory is there")
    }

    #[test]
    fn plain_data_is_its_fields_in_borsh() {
        same(&Instant::new(3, -4), &bytes((3u64, -4i64)));
        let limits = Limits { max_position: 1, max_order: 2, max_leverage_bps: 3, margin_multiplier_bps: 4 };
        same(&limits, &bytes((1u64, 2u64, 3u32, 4u32)));
        same(&Response { closed: 9, limits }, &bytes((9u64, 1u64, 2u64, 3u32, 4u32)));
        same(&CoverageRow { instruction: [7; 8], operations: 5 }, &bytes(([7u8; 8], 5u64)));

        let s = LimiterSettings::starting(1_000, 10);
        let windows = s.windows.map(|window| (window.seconds, window.rate_bps));
        let shares = [s.elastic_bps, s.elastic_seconds, s.gross_bps, s.gross_seconds, s.undeclared_soft_bps];
        let rest =
            [s.undeclared_hard_bps, s.undeclared_seconds, s.soft_bps, s.soft_severity, s.hard_severity];
        same(&s, &bytes((windows, shares, rest, s.floor, s.bootstrap_cap)));

        let feed = |byte: u8| Feed { account: [byte; 32].into(), id: [byte + 1; 32] };
        let s = BandSettings::starting(feed(1), feed(3));
        let feeds = [[1u8; 32], [2; 32], [3; 32], [4; 32]];
        let first = [s.max_age, s.max_conf_bps, s.stale_severity, s.wide_severity];
        same(&s, &bytes((feeds, first, s.deviation_bps, s.divergence_bps, s.step_bps, s.observe_within)));
    }
}
