//! The gate: exact accounts, or everything is closed.

use firebreak_interface::{
    GateError, ID, Operation, Operations, Severity,
    state::{Limits, Response},
};
use firebreak_probe::Depth;
use firebreak_scenarios::{Setup, World};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

#[test]
fn on_a_normal_market_everything_passes_without_limits() {
    let mut world = World::default();
    for bit in 0..64 {
        let answer = world.gate(Operation::from_bit(bit).expect("64 of them")).succeeds();
        let expected = borsh::to_vec(&(Severity::Normal, Limits::NONE)).expect("it is written");
        assert_eq!(answer.returned(), expected);
    }
}

#[test]
fn each_severity_closes_what_its_response_says() {
    let closes = [
        Operations::of(&[Operation::LIST]),
        Operations::of(&[Operation::LIST, Operation::WITHDRAW, Operation::own(40)]),
        Operations::NON_EXITS,
    ];
    let limits = [10, 5, 1].map(|max_position| Limits { max_position, ..Limits::NONE });
    let mut world = World::with(|setup| {
        for (i, response) in setup.market.responses.iter_mut().enumerate() {
            *response = Response { closed: closes[i].0, limits: limits[i] };
        }
    });
    for (i, severity) in Severity::ABOVE_NORMAL.into_iter().enumerate() {
        match severity {
            Severity::Minor => world.raise(0, 600).succeeds(),
            Severity::Major => {
                world.drain(firebreak_scenarios::FUNDS / 20).succeeds();
                world.poke().succeeds()
            }
            _ => {
                world.vm.advance(1);
                world.poke().succeeds()
            }
        };
        assert_eq!(world.severity(), severity);
        for bit in 0..64 {
            let operation = Operation::from_bit(bit).expect("64 of them");
            let asked = world.gate(operation);
            if closes[i].contains(operation) || (severity == Severity::Critical && bit == 10) {
                asked.fails_with(GateError::Closed);
            } else {
                let expected = borsh::to_vec(&(severity, limits[i])).expect("it is written");
                assert_eq!(asked.succeeds().returned(), expected, "{operation} at {severity:?}");
            }
        }
    }
}

#[test]
fn no_other_account_answers_for_the_market() {
    let mut world = World::with(|setup| setup.armed = false);
    let second = world.us.register_market(&mut world.vm, 1, &Setup::default().market);
    let neighbour = world.neighbour();
    let (protocol, market) = (world.us.protocol, world.us.market);
    let order = world.order(1_800);
    world.pause(0, &order).succeeds();
    for other in
        [second, neighbour.market, world.us.limiter, protocol, world.alice.pubkey(), Pubkey::default()]
    {
        world.gate_with((protocol, other), Operation::WITHDRAW).fails_with(GateError::WrongMarket);
    }
    for other in [neighbour.protocol, market, world.us.vault, world.vm.key().pubkey()] {
        world.gate_with((other, market), Operation::WITHDRAW).fails_with(GateError::WrongProtocol);
    }
    // an integration set up with another protocol's market is closed, whatever it is brought
    for pair in [(protocol, neighbour.market), (neighbour.protocol, market)] {
        let ask = world.us.program.asks(pair, pair, Operation::WITHDRAW, Depth::Ask);
        world.send(&[ask]).fails_with(GateError::WrongMarket);
    }
}

#[test]
fn a_look_alike_closes_everything_though_its_address_is_right() {
    type Change = fn(&mut solana_account::Account);
    let changes: [Change; 5] = [
        |account| account.owner = firebreak_scenarios::world::PROGRAM,
        |account| account.owner = Pubkey::default(),
        |account| account.data[0] ^= 1,
        |account| account.data.truncate(100),
        |account| account.data.clear(),
    ];
    for change in changes {
        for (i, error) in [GateError::WrongProtocol, GateError::WrongMarket].into_iter().enumerate() {
            let mut world = World::default();
            let account = [world.us.protocol, world.us.market][i];
            assert_eq!(world.vm.account(&account).map(|a| a.owner), Some(ID));
            world.vm.edit(&account, change);
            for operation in [Operation::WITHDRAW, Operation::REPAY] {
                world.gate(operation).fails_with(error);
            }
        }
    }
    // a market that names another protocol
    let mut world = World::default();
    world.vm.edit(&world.us.market, |account| account.data[16] ^= 1);
    world.gate(Operation::REPAY).fails_with(GateError::WrongMarket);
}

#[test]
fn what_needs_a_newer_reader_lets_only_exits_pass() {
    for i in 0..2 {
        let mut world = World::default();
        let account = [world.us.protocol, world.us.market][i];
        world.vm.edit(&account, |account| account.data[8 + 1] = 2);
        for bit in 0..64 {
            let operation = Operation::from_bit(bit).expect("64 of them");
            let asked = world.gate(operation);
            if Operations::EXITS.contains(operation) {
                asked.succeeds();
            } else {
                asked.fails_with(GateError::TooNewToRead);
            }
        }
        // a newer version alone, which this reader still understands, changes nothing
        world.vm.edit(&account, |account| (account.data[8], account.data[8 + 1]) = (9, 1));
        world.gate(Operation::WITHDRAW).succeeds();
    }
}
