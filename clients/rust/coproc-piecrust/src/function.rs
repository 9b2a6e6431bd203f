//! `Function`: the eleven host functions. `Functions`: a set of them.

use std::fmt;
use std::str::FromStr;

/// A host function of Dusk's VM. The discriminant is its index on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Function {
    Hash,
    PoseidonHash,
    VerifyPlonk,
    VerifyGroth16Bn254,
    VerifySchnorr,
    VerifyBls,
    VerifyBlsMultisig,
    Keccak256,
    Sha256,
    VerifyKzgProof,
    Secp256k1Recover,
}

use Function::*;

impl Function {
    pub const ALL: [Function; 11] = [
        Hash,
        PoseidonHash,
        VerifyPlonk,
        VerifyGroth16Bn254,
        VerifySchnorr,
        VerifyBls,
        VerifyBlsMultisig,
        Keccak256,
        Sha256,
        VerifyKzgProof,
        Secp256k1Recover,
    ];

    /// The name under which contracts call it.
    pub const fn name(self) -> &'static str {
        match self {
            Hash => "hash",
            PoseidonHash => "poseidon_hash",
            VerifyPlonk => "verify_plonk",
            VerifyGroth16Bn254 => "verify_groth16_bn254",
            VerifySchnorr => "verify_schnorr",
            VerifyBls => "verify_bls",
            VerifyBlsMultisig => "verify_bls_multisig",
            Keccak256 => "keccak256",
            Sha256 => "sha256",
            VerifyKzgProof => "verify_kzg_proof",
            Secp256k1Recover => "secp256k1_recover",
        }
    }

    /// Bytes that the host writes back: a bool, a scalar's limbs, a digest, or the tag and bytes of an `Option<[u8; 65]>`.
    pub const fn width(self) -> usize {
        match self {
            Hash | PoseidonHash | Keccak256 | Sha256 => 32,
            Secp256k1Recover => 66,
            _ => 1,
        }
    }

    /// It answers yes or no.
    pub const fn verifies(self) -> bool {
        self.width() == 1
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.name() == name)
    }
}

/// A set of functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Functions(u16);

impl Functions {
    pub const NONE: Self = Self(0);
    pub const ALL: Self = Self((1 << 11) - 1);

    /// The verifications. The others take less time in process than the way to the server and back.
    pub const VERIFICATIONS: Self = Self(
        1 << VerifyPlonk as u16
            | 1 << VerifyGroth16Bn254 as u16
            | 1 << VerifySchnorr as u16
            | 1 << VerifyBls as u16
            | 1 << VerifyBlsMultisig as u16
            | 1 << VerifyKzgProof as u16,
    );

    pub const fn contains(self, function: Function) -> bool {
        self.0 & 1 << function as u16 != 0
    }

    pub const fn with(self, function: Function) -> Self {
        Self(self.0 | 1 << function as u16)
    }
}

/// `all`, `verifications`, `none`, or names with commas between them.
impl FromStr for Functions {
    type Err = UnknownFunction;

    fn from_str(text: &str) -> Result<Self, UnknownFunction> {
        match text {
            "all" => Ok(Self::ALL),
            "verifications" => Ok(Self::VERIFICATIONS),
            "none" => Ok(Self::NONE),
            names => names.split(',').try_fold(Self::NONE, |set, name| {
                let function = Function::from_name(name.trim());
                function.map(|f| set.with(f)).ok_or_else(|| UnknownFunction(name.trim().to_owned()))
            }),
        }
    }
}

/// No host function has this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFunction(pub String);

impl fmt::Display for UnknownFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no host function is called {:?}", self.0)
    }
}

impl std::error::Error for UnknownFunction {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_follow_the_wire() {
        for (index, function) in Function::ALL.into_iter().enumerate() {
            assert_eq!(function as usize, index);
            assert_eq!(Function::from_name(function.name()), Some(function));
            assert_eq!(Functions::VERIFICATIONS.contains(function), function.verifies());
        }
    }

    #[test]
    fn sets_are_read_from_names() {
        assert_eq!("all".parse(), Ok(Functions::ALL));
        assert_eq!("hash, sha256".parse(), Ok(Functions::NONE.with(Hash).with(Sha256)));
        assert_eq!("hash,md5".parse::<Functions>(), Err(UnknownFunction("md5".into())));
    }
}
