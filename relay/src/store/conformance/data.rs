//! Sealed account objects and key packages.

use waxwing_wire::{frame::AccountDatum, ids::DataName, limits as shared};

use super::*;

fn datum(name: u8, version: u64, bytes: usize) -> AccountDatum {
    AccountDatum { name: DataName([name; 16]), version, bytes: Opaque(vec![name; bytes]) }
}

impl Bench {
    async fn put(&self, account: AccountId, datum: AccountDatum) -> Result<()> {
        done(self.store.put_account_data(caller(account), datum).await).await
    }
}

pub async fn account_objects_are_compared_and_swapped(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    for wrong in [0, 2, u64::MAX] {
        assert!(matches!(bench.put(mira, datum(1, wrong, 9)).await.unwrap_err(), StoreError::Conflict(_)));
    }
    bench.put(mira, datum(1, 1, 9)).await.unwrap();
    assert!(matches!(bench.put(mira, datum(1, 1, 8)).await.unwrap_err(), StoreError::Conflict(_)));
    bench.put(mira, datum(1, 2, 7)).await.unwrap();
    bench.put(mira, datum(2, 1, 0)).await.unwrap();
    assert_eq!(bench.store.account_data(mira).await.unwrap(), [datum(1, 2, 7), datum(2, 1, 0)]);
    assert_eq!(bench.store.account_data(jon).await.unwrap(), []);
    bench.put(jon, datum(1, 1, 9)).await.unwrap();
}

pub async fn account_objects_are_bounded(bench: &mut Bench) {
    let [mira] = bench.accounts().await;
    let refused = bench.put(mira, datum(1, 1, shared::ACCOUNT_DATA_BYTES + 1)).await.unwrap_err();
    assert!(matches!(refused, StoreError::TooLarge(..)));
    let full = crate::limits::ACCOUNT_DATA_TOTAL_BYTES / shared::ACCOUNT_DATA_BYTES;
    for name in 0..full {
        bench.put(mira, datum(u8::try_from(name).unwrap(), 1, shared::ACCOUNT_DATA_BYTES)).await.unwrap();
    }
    assert!(matches!(bench.put(mira, datum(255, 1, 1)).await.unwrap_err(), StoreError::LimitReached(_)));
    bench.put(mira, datum(0, 2, shared::ACCOUNT_DATA_BYTES)).await.unwrap();
    let all = bench.store.account_data(mira).await.unwrap();
    let response = waxwing_wire::frame::Response::AccountData(all);
    assert!(waxwing_wire::encode(&response).len() < shared::FRAME_BYTES, "all of it fits one frame");
}

pub async fn key_packages_are_replaced(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let put =
        async |bytes: Vec<u8>| done(bench.store.put_key_package(caller(mira), Opaque(bytes)).await).await;
    assert_eq!(bench.store.key_package(mira).await.unwrap(), None);
    assert!(matches!(put(Vec::new()).await.unwrap_err(), StoreError::Invalid(_)));
    let too_large = vec![0; shared::KEY_PACKAGE_BYTES + 1];
    assert!(matches!(put(too_large).await.unwrap_err(), StoreError::TooLarge(..)));
    put(vec![1]).await.unwrap();
    put(vec![2]).await.unwrap();
    let record = bench.store.key_package(mira).await.unwrap().unwrap();
    assert_eq!((record.bytes, record.identity_key), (Opaque(vec![2]), Opaque(vec![1; 32])));
    assert_eq!(record.statements, []);
    assert_eq!(bench.store.key_package(jon).await.unwrap(), None);
}

pub async fn account_objects_are_dropped(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    for name in 1..=3 {
        bench.put(mira, datum(name, 1, 9)).await.unwrap();
    }
    bench.put(jon, datum(1, 1, 9)).await.unwrap();
    let drop = async |names: Vec<u8>| {
        let names = names.into_iter().map(|name| DataName([name; 16])).collect();
        done(bench.store.drop_account_data(caller(mira), names).await).await
    };
    drop(vec![1, 3, 9]).await.unwrap();
    drop(vec![1]).await.unwrap();
    assert_eq!(bench.store.account_data(mira).await.unwrap(), [datum(2, 1, 9)]);
    assert_eq!(bench.store.account_data(jon).await.unwrap(), [datum(1, 1, 9)], "only the own ones");
    bench.put(mira, datum(1, 1, 8)).await.expect("versions begin anew");
    assert!(matches!(drop(vec![1; shared::ACCOUNT_DATA_COUNT + 1]).await, Err(StoreError::LimitReached(_))));
}
