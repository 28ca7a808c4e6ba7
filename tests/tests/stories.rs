//! Any order of what several sessions and accounts do ends with everybody having everything.

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_story_ends_well(bytes in proptest::collection::vec(any::<u8>(), 20..120)) {
        waxwing_tests::script::play(&bytes);
    }
}
