//! A dark pool: sealed orders, opened with a proof of funds and matched at one price, settled when all who trade sign the outcome together.
#![no_std]
extern crate alloc;

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use support::{
    Input, contract,
    query::{Key, keccak256, verify_bls_multisig, verify_kzg_proof},
    uplink::{emit_raw, self_id},
};

/// More than what all orders together can cost.
const PLENTY: i128 = 1 << 100;
/// Trader, side, price, amount, salt.
const ORDER: usize = 1 + 1 + 8 + 8 + 32;

struct Trader {
    key: Key,
    /// Where the custodian's polynomial has the trader's funds.
    place: [u8; 32],
    shares: u64,
    /// What was proven last.
    funds: i128,
    /// What settlements brought in, less what they cost.
    cash: i128,
}

#[derive(Clone, Copy)]
struct Order {
    trader: u8,
    price: u64,
    amount: u64,
}

struct Fill {
    buyer: u8,
    seller: u8,
    amount: u64,
}

struct Pool {
    round: u64,
    commitment: [u8; 48],
    traders: Vec<Trader>,
    sealed: BTreeSet<[u8; 32]>,
    bids: Vec<Order>,
    asks: Vec<Order>,
}

impl Pool {
    const fn new() -> Self {
        Self { round: 0, commitment: [0; 48], traders: Vec::new(), sealed: BTreeSet::new(), bids: Vec::new(), asks: Vec::new() }
    }

    /// The custodian's commitment to all funds; key, place and shares of each trader.
    fn init(&mut self, mut input: Input) -> Vec<u8> {
        self.commitment = input.array();
        for entry in input.arrays::<240>() {
            let mut entry = Input::new(&entry);
            self.traders.push(Trader { key: entry.array(), place: entry.array(), shares: entry.u64(), funds: 0, cash: 0 });
        }
        Vec::new()
    }

    /// The Keccak-256 hash of an order with its salt.
    fn place(&mut self, mut input: Input) -> Vec<u8> {
        assert!(self.sealed.insert(input.array()), "the order is placed already");
        Vec::new()
    }

    /// Trader, side (0 buys, 1 sells), price, amount, salt: an order that was placed. Who buys also shows the funds (32 bytes, big-endian)
    /// and the KZG opening that proves them.
    fn open(&mut self, mut input: Input) -> Vec<u8> {
        let text = input.take(ORDER);
        assert!(self.sealed.remove(&keccak256(text)), "no such order");
        let mut terms = Input::new(text);
        let (trader, side) = (terms.u8(), terms.u8());
        let order = Order { trader, price: terms.u64(), amount: terms.u64() };
        let owner = self.traders.get_mut(trader as usize).expect("no such trader");
        if side == 0 {
            let (funds, proof) = (input.array(), input.array());
            assert!(verify_kzg_proof(&self.commitment, &owner.place, &funds, &proof), "the proof of funds is not valid");
            owner.funds = amount(&funds);
            let cost = order.price.checked_mul(order.amount).expect("the order is too large");
            assert!(cost as i128 <= owner.funds + owner.cash, "the funds do not cover the order");
            self.bids.push(order);
        } else {
            assert!(order.amount <= owner.shares, "the shares do not cover the order");
            self.asks.push(order);
        }
        input.end();
        Vec::new()
    }

    /// What settlement would do, as it is to be signed: price and fills, before them what makes the round unique.
    fn outcome(&mut self, _: Input) -> Vec<u8> {
        let (price, fills) = self.matched();
        self.statement(price, &fills)
    }

    /// The signature of all who trade: moves shares and cash, and starts the next round.
    fn settle(&mut self, mut input: Input) -> Vec<u8> {
        let signature = input.array();
        input.end();
        let (price, fills) = self.matched();
        assert!(!fills.is_empty(), "no orders meet");
        let statement = self.statement(price, &fills);
        let parties: BTreeSet<u8> = fills.iter().flat_map(|fill| [fill.buyer, fill.seller]).collect();
        let keys: Vec<Key> = parties.iter().map(|party| self.traders[*party as usize].key).collect();
        assert!(verify_bls_multisig(&statement, &keys, &signature), "the settlement is not signed by all who trade");
        let mut shares: BTreeMap<u8, i128> = BTreeMap::new();
        for fill in &fills {
            *shares.entry(fill.buyer).or_insert(0) += fill.amount as i128;
            *shares.entry(fill.seller).or_insert(0) -= fill.amount as i128;
        }
        for (party, change) in shares {
            let trader = &mut self.traders[party as usize];
            trader.shares = (trader.shares as i128 + change).try_into().expect("the shares do not cover the orders");
            trader.cash -= change * price as i128;
            assert!(trader.funds + trader.cash >= 0, "the funds do not cover the orders");
        }
        self.round += 1;
        self.bids.clear();
        self.asks.clear();
        emit_raw("settled", &statement);
        (fills.len() as u32).to_le_bytes().into()
    }

    /// Shares of a trader (u64), and what settlements brought in, less what they cost (i128).
    fn holdings(&mut self, mut input: Input) -> Vec<u8> {
        let trader = self.traders.get(input.u8() as usize).expect("no such trader");
        [&trader.shares.to_le_bytes()[..], &trader.cash.to_le_bytes()].concat()
    }

    /// Best orders first, earlier ones before later ones; all fills at the price midway between the last two that meet.
    fn matched(&self) -> (u64, Vec<Fill>) {
        let (mut bids, mut asks) = (self.bids.clone(), self.asks.clone());
        bids.sort_by_key(|order| core::cmp::Reverse(order.price));
        asks.sort_by_key(|order| order.price);
        let (mut price, mut fills, mut bid, mut ask) = (0, Vec::new(), 0, 0);
        while bid < bids.len() && ask < asks.len() && bids[bid].price >= asks[ask].price {
            let amount = bids[bid].amount.min(asks[ask].amount);
            price = asks[ask].price + (bids[bid].price - asks[ask].price) / 2;
            fills.push(Fill { buyer: bids[bid].trader, seller: asks[ask].trader, amount });
            bids[bid].amount -= amount;
            asks[ask].amount -= amount;
            bid += (bids[bid].amount == 0) as usize;
            ask += (asks[ask].amount == 0) as usize;
        }
        (price, fills)
    }

    fn statement(&self, price: u64, fills: &[Fill]) -> Vec<u8> {
        let mut out = [&b"settle"[..], &self_id().to_bytes(), &self.round.to_le_bytes(), &price.to_le_bytes()].concat();
        for fill in fills {
            out.extend_from_slice(&[fill.buyer, fill.seller]);
            out.extend_from_slice(&fill.amount.to_le_bytes());
        }
        out
    }
}

/// A scalar as an amount, cut at `PLENTY`.
fn amount(scalar: &[u8; 32]) -> i128 {
    let mut low = [0; 16];
    low.copy_from_slice(&scalar[16..]);
    if scalar[..16] == [0; 16] { i128::try_from(u128::from_be_bytes(low)).unwrap_or(PLENTY).min(PLENTY) } else { PLENTY }
}

contract!(Pool::new() => Pool; init, place, open, outcome, settle, holdings);
