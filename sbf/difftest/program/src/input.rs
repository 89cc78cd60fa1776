//! Inputs and results, made with 64-bit operations alone, so that a fault in what is tested cannot hide in them.

/// Draws the inputs of one call; the same seed and index give the same inputs on both sides.
pub struct Input {
    state: u64,
    /// Everything drawn, for the report of a difference.
    #[cfg(not(target_os = "solana"))]
    pub drawn: Vec<u128>,
}

const fn join(high: u64, low: u64) -> u128 {
    ((high as u128) << 64) | low as u128
}

const F64_EDGES: &[u64] = &[
    0x0000_0000_0000_0000, // 0
    0x3FF0_0000_0000_0000, // 1
    0x3FE0_0000_0000_0000, // 0.5
    0x3FF8_0000_0000_0000, // 1.5
    0x4000_0000_0000_0000, // 2
    0x7FF0_0000_0000_0000, // infinity
    0x7FF8_0000_0000_0000, // NaN
    0x7FEF_FFFF_FFFF_FFFF, // MAX
    0x0010_0000_0000_0000, // MIN_POSITIVE
    0x0000_0000_0000_0001, // the smallest subnormal
    0x000F_FFFF_FFFF_FFFF, // the largest subnormal
    0x3CB0_0000_0000_0000, // EPSILON
    0x4060_0000_0000_0000, // 2^7
    0x406F_F000_0000_0000, // 255.5
    0x40E0_0000_0000_0000, // 2^15
    0x41DF_FFFF_FFC0_0000, // i32::MAX
    0x41F0_0000_0000_0000, // 2^32
    0x4340_0000_0000_0001, // 2^53 + 2
    0x43E0_0000_0000_0000, // 2^63
    0x43DF_FFFF_FFFF_FFFF, // the largest below 2^63
    0x43F0_0000_0000_0000, // 2^64
    0x47E0_0000_0000_0000, // 2^127
    0x47F0_0000_0000_0000, // 2^128
    0x47EF_FFFF_E000_0000, // f32::MAX
    0x47EF_FFFF_F000_0000, // halfway between f32::MAX and what would follow
    0x3690_0000_0000_0000, // half of the smallest f32
];

const F32_EDGES: &[u32] = &[
    0x0000_0000,
    0x3F80_0000,
    0x3F00_0000,
    0x3FC0_0000,
    0x4000_0000,
    0x7F80_0000,
    0x7FC0_0000,
    0x7F7F_FFFF,
    0x0080_0000,
    0x0000_0001,
    0x007F_FFFF,
    0x3400_0000,
    0x4300_0000,
    0x437F_8000,
    0x4700_0000,
    0x4F00_0000,
    0x4EFF_FFFF,
    0x4F80_0000,
    0x4B80_0001,
    0x5F00_0000,
    0x5EFF_FFFF,
    0x5F80_0000,
    0x7F00_0000,
];

impl Input {
    /// The inputs of call `index` under `seed`.
    pub fn new(seed: u64, index: u64) -> Self {
        let state = seed ^ index.wrapping_mul(0xA076_1D64_78BD_642F);
        Self {
            state,
            #[cfg(not(target_os = "solana"))]
            drawn: Vec::new(),
        }
    }

    /// The next 64 random bits (splitmix64).
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.state;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    fn note(&mut self, value: u128) -> u128 {
        #[cfg(not(target_os = "solana"))]
        self.drawn.push(value);
        value
    }

    /// A number of `bits` bits: an edge of that width as often as a random one.
    fn integer(&mut self, bits: u64) -> u128 {
        let (kind, pick) = (self.random() % 8, self.random());
        let (high, low) = (self.random(), self.random());
        let one_at = |k: u64| if k < 64 { (0, 1 << k) } else { (1 << (k - 64), 0) };
        let top = one_at(bits - 1);
        let minus_one = |(h, l): (u64, u64)| (h.wrapping_sub(u64::from(l == 0)), l.wrapping_sub(1));
        let (high, low) = match kind {
            0 => match pick % 10 {
                0 => (0, 0),
                1 => (0, 1),
                2 => (0, 2),
                3 => (0, 10),
                4 => (u64::MAX, u64::MAX),
                5 => (u64::MAX, u64::MAX - 1),
                6 => top,
                7 => minus_one(top),
                8 => (top.0, top.1 | 1),
                _ => (0, u64::MAX),
            },
            1 => (0, pick % 1000),
            2 => (u64::MAX, !(pick % 1000)),
            3 => one_at(pick % bits),
            4 => minus_one(one_at(pick % bits)),
            5 => match pick % 128 {
                0 => (high, low),
                k @ 1..64 => (high >> k, (low >> k) | (high << (64 - k))),
                k => (0, high >> (k - 64)),
            },
            _ => (high, low),
        };
        let (high, low) = match bits {
            128 => (high, low),
            64 => (0, low),
            _ => (0, low & ((1 << bits) - 1)),
        };
        self.note(join(high, low))
    }

    /// A shift amount: mostly below 130, now and then anything.
    pub fn shift(&mut self) -> u32 {
        let (kind, pick) = (self.random() % 8, self.random());
        let amount = if kind == 0 { pick as u32 } else { (pick % 130) as u32 };
        self.note(u128::from(amount));
        amount
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        let value = self.random() % bound;
        self.note(u128::from(value));
        value
    }

    /// A double: an edge, any bits, or of a size that fits some integer.
    pub fn f64(&mut self) -> f64 {
        let (kind, pick, bits) = (self.random() % 4, self.random(), self.random());
        let bits = match kind {
            0 => F64_EDGES[(pick % F64_EDGES.len() as u64) as usize] | (bits & (1 << 63)),
            1 => bits,
            _ => (bits & 0x800F_FFFF_FFFF_FFFF) | ((1020 + pick % 132) << 52),
        };
        self.note(u128::from(bits));
        f64::from_bits(bits)
    }

    /// A float, as [`Self::f64`].
    pub fn f32(&mut self) -> f32 {
        let (kind, pick, bits) = (self.random() % 4, self.random(), self.random() as u32);
        let bits = match kind {
            0 => F32_EDGES[(pick % F32_EDGES.len() as u64) as usize] | (bits & (1 << 31)),
            1 => bits,
            _ => (bits & 0x807F_FFFF) | ((124 + (pick % 131) as u32) << 23),
        };
        self.note(u128::from(bits));
        f32::from_bits(bits)
    }
}

macro_rules! integers {
    ($($name:ident $bits:literal),*) => {
        impl Input {$(
            #[doc = concat!("A random or edge `", stringify!($name), "`.")]
            pub fn $name(&mut self) -> $name {
                self.integer($bits) as $name
            }
        )*}
    };
}
integers!(u8 8, u16 16, u32 32, u64 64, u128 128, i8 8, i16 16, i32 32, i64 64, i128 128);

/// How many values of one call are kept for the report; all of them enter the hash.
pub const KEPT: usize = 40;

/// What a function answered.
pub struct Output {
    /// Hash of everything that was pushed since the last reset.
    pub hash: u64,
    values: [u128; KEPT],
    len: usize,
}

impl Default for Output {
    fn default() -> Self {
        Self { hash: 0, values: [0; KEPT], len: 0 }
    }
}

impl Output {
    /// Takes one value.
    #[inline(never)]
    pub fn push(&mut self, value: u128) {
        self.mix(value as u64);
        self.mix((value >> 64) as u64);
        if self.len < KEPT {
            self.values[self.len] = value;
        }
        self.len += 1;
    }

    fn mix(&mut self, word: u64) {
        let x = (self.hash ^ word).wrapping_mul(0x9FB2_1C65_1E98_DF25);
        self.hash = x ^ (x >> 29);
    }

    /// Takes a value that may be absent.
    pub fn option(&mut self, value: Option<u128>) {
        self.push(u128::from(value.is_some()));
        self.push(value.unwrap_or(0));
    }

    /// Takes bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.push(bytes.len() as u128);
        for chunk in bytes.chunks(16) {
            let mut word = [0; 16];
            for (to, from) in word.iter_mut().zip(chunk) {
                *to = *from;
            }
            self.push(u128::from_le_bytes(word));
        }
    }

    /// Takes a double. Rust leaves sign and payload of a computed NaN open, so that x86-64 and the
    /// software routines may differ in them: every NaN is the same value here.
    pub fn f64(&mut self, value: f64) {
        let bits = value.to_bits();
        let nan = bits & (u64::MAX >> 1) > 0x7FF0_0000_0000_0000;
        self.push(u128::from(if nan { 0x7FF8_0000_0000_0000 } else { bits }));
    }

    /// Takes a float, as [`Self::f64`].
    pub fn f32(&mut self, value: f32) {
        let bits = value.to_bits();
        let nan = bits & (u32::MAX >> 1) > 0x7F80_0000;
        self.push(u128::from(if nan { 0x7FC0_0000 } else { bits }));
    }

    /// The values kept.
    pub fn values(&self) -> &[u128] {
        &self.values[..self.len.min(KEPT)]
    }

    /// Forgets the values, not the hash.
    pub fn clear(&mut self) {
        self.len = 0;
    }
}
