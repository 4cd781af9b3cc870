//! The fixed Diffie-Hellman groups of RFC 3526 (sections 3, 5 and 7). Generator 2; safe primes.

use super::dh::Group;

/// The 2048-bit prime of group 14: 2^2048 - 2^1984 - 1 + 2^64 * ([2^1918 pi] + 124476).
const GROUP_14: &[u8] = b"\
    ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3cd3a431b\
    302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7edee386bfb5a899fa5ae9f24117c4b1fe6\
    49286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb9ed529077096966d\
    670c354e4abc9804f1746c08ca18217c32905e462e36ce3be39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf695581718\
    3995497cea956ae515d2261898fa051015728e5a8aacaa68ffffffffffffffff";

/// The 4096-bit prime of group 16: 2^4096 - 2^4032 - 1 + 2^64 * ([2^3966 pi] + 240904).
const GROUP_16: &[u8] = b"\
    ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3cd3a431b\
    302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7edee386bfb5a899fa5ae9f24117c4b1fe6\
    49286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb9ed529077096966d\
    670c354e4abc9804f1746c08ca18217c32905e462e36ce3be39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf695581718\
    3995497cea956ae515d2261898fa051015728e5a8aaac42dad33170d04507a33a85521abdf1cba64ecfb850458dbef0a8aea71575d060c7d\
    b3970f85a6e1e4c7abf5ae8cdb0933d71e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864d87602733ec86a64521f2b18177b200c\
    bbe117577a615d6c770988c0bad946e208e24fa074e5ab3143db5bfce0fd108e4b82d120a92108011a723c12a787e6d788719a10bdba5b26\
    99c327186af4e23c1a946834b6150bda2583e9ca2ad44ce8dbbbc2db04de8ef92e8efc141fbecaa6287c59474e6bc05d99b2964fa090c3a2\
    233ba186515be7ed1f612970cee2d7afb81bdd762170481cd0069127d5b05aa993b4ea988d8fddc186ffb7dc90a6c08f4df435c934063199\
    ffffffffffffffff";

/// The 8192-bit prime of group 18: 2^8192 - 2^8128 - 1 + 2^64 * ([2^8062 pi] + 4743158).
const GROUP_18: &[u8] = b"\
    ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3cd3a431b\
    302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7edee386bfb5a899fa5ae9f24117c4b1fe6\
    49286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb9ed529077096966d\
    670c354e4abc9804f1746c08ca18217c32905e462e36ce3be39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf695581718\
    3995497cea956ae515d2261898fa051015728e5a8aaac42dad33170d04507a33a85521abdf1cba64ecfb850458dbef0a8aea71575d060c7d\
    b3970f85a6e1e4c7abf5ae8cdb0933d71e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864d87602733ec86a64521f2b18177b200c\
    bbe117577a615d6c770988c0bad946e208e24fa074e5ab3143db5bfce0fd108e4b82d120a92108011a723c12a787e6d788719a10bdba5b26\
    99c327186af4e23c1a946834b6150bda2583e9ca2ad44ce8dbbbc2db04de8ef92e8efc141fbecaa6287c59474e6bc05d99b2964fa090c3a2\
    233ba186515be7ed1f612970cee2d7afb81bdd762170481cd0069127d5b05aa993b4ea988d8fddc186ffb7dc90a6c08f4df435c934028492\
    36c3fab4d27c7026c1d4dcb2602646dec9751e763dba37bdf8ff9406ad9e530ee5db382f413001aeb06a53ed9027d831179727b0865a8918\
    da3edbebcf9b14ed44ce6cbaced4bb1bdb7f1447e6cc254b332051512bd7af426fb8f401378cd2bf5983ca01c64b92ecf032ea15d1721d03\
    f482d7ce6e74fef6d55e702f46980c82b5a84031900b1c9e59e7c97fbec7e8f323a97a7e36cc88be0f1d45b7ff585ac54bd407b22b4154aa\
    cc8f6d7ebf48e1d814cc5ed20f8037e0a79715eef29be32806a1d58bb7c5da76f550aa3d8a1fbff0eb19ccb1a313d55cda56c9ec2ef29632\
    387fe8d76e3c0468043e8f663f4860ee12bf2d5b0b7474d6e694f91e6dbe115974a3926f12fee5e438777cb6a932df8cd8bec4d073b931ba\
    3bc832b68d9dd300741fa7bf8afc47ed2576f6936ba424663aab639c5ae4f5683423b4742bf1c978238f16cbe39d652de3fdb8befc848ad9\
    22222e04a4037c0713eb57a81a23f0c73473fc646cea306b4bcbc8862f8385ddfa9d4b7fa2c087e879683303ed5bdd3a062b3cf5b3a278a6\
    6d2a13f83f44f82ddf310ee074ab6a364597e899a0255dc164f31cc50846851df9ab48195ded7ea1b1d510bd7ee74d73faf36bc31ecfa268\
    359046f4eb879f924009438b481c6cd7889a002ed5ee382bc9190da6fc026e479558e4475677e9aa9e3050e2765694dfc81f56e880b96e71\
    60c980dd98edd3dfffffffffffffffff";

/// Group 14 (2048 bits).
#[must_use]
pub fn group14() -> Group {
    Group::fixed(GROUP_14)
}

/// Group 16 (4096 bits).
#[must_use]
pub fn group16() -> Group {
    Group::fixed(GROUP_16)
}

/// Group 18 (8192 bits).
#[must_use]
pub fn group18() -> Group {
    Group::fixed(GROUP_18)
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigUint;

    /// arctan(1/x) with `bits` binary digits.
    fn arctan_inverse(x: u32, bits: u32) -> BigUint {
        let mut term = (BigUint::from(1u32) << bits) / x;
        let (mut plus, mut minus) = (term.clone(), BigUint::default());
        for n in 1u32.. {
            term /= x * x;
            if term == BigUint::default() {
                break;
            }
            *(if n % 2 == 0 { &mut plus } else { &mut minus }) += &term / (2 * n + 1);
        }
        plus - minus
    }

    /// RFC 3526 defines its primes by a formula over pi; Machin's formula gives pi.
    #[test]
    fn the_primes_are_those_of_the_formula() {
        let bits = 8192 + 64;
        let pi = (arctan_inverse(5, bits) * 4u32 - arctan_inverse(239, bits)) * 4u32;
        let one = BigUint::from(1u32);
        for (group, n, add) in
            [(group14(), 2048u32, 124_476u32), (group16(), 4096, 240_904), (group18(), 8192, 4_743_158)]
        {
            let digits = &pi >> (bits - (n - 130));
            let p = (&one << n) - (&one << (n - 64)) - 1u32 + ((digits + add) << 64u32);
            assert_eq!(group.p(), p.to_bytes_be());
            assert_eq!(group.bits(), n);
            assert_eq!(group.g(), [2]);
        }
    }
}
