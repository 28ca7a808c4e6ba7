//! Calls of administrators.

use reqwest::header::COOKIE;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use waxwing_wire::{
    AccountId,
    admin::{AuditList, UserDetails, UserRecord, path},
};

use super::account::{Person, Refused, refusal};

/// A path about an account.
pub fn about(path: &str, account: AccountId) -> String {
    path.replace("{account}", &account.to_string())
}

impl Person {
    pub async fn ask<T: DeserializeOwned>(&self, path: &str) -> Result<T, Refused> {
        let response = self.http.get(path).header(COOKIE, &self.cookie).send().await.unwrap();
        if !response.status().is_success() {
            return Err(refusal(response).await);
        }
        Ok(response.json().await.unwrap())
    }

    pub async fn tell<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Refused> {
        let response = self.http.post(path).header(COOKIE, &self.cookie).json(body).send().await.unwrap();
        if !response.status().is_success() {
            return Err(refusal(response).await);
        }
        Ok(response.json().await.unwrap())
    }

    /// Does something to an account.
    pub async fn act(&self, path: &str, account: AccountId) -> Result<Value, Refused> {
        self.tell(&about(path, account), &json!({"reason": "because"})).await
    }

    pub async fn user(&self, account: AccountId) -> UserRecord {
        self.ask::<UserDetails>(&about(path::USER, account)).await.unwrap().user
    }

    /// Kind, target and detail of the newest entries of the audit log, the newest first.
    pub async fn audit(&self, query: &str) -> Vec<(String, String, String)> {
        let list: AuditList = self.ask(&format!("{}?{query}", path::AUDIT)).await.unwrap();
        let entry = |entry: waxwing_wire::admin::AuditEntry| {
            (entry.kind.as_str().to_owned(), entry.target, entry.detail)
        };
        list.entries.into_iter().map(entry).collect()
    }
}

pub fn refused(status: u16, code: &str) -> Refused {
    Refused { status, code: code.to_owned(), retry_after_s: None }
}
