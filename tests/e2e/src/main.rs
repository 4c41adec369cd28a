//! A client on alloy's provider with the project's bindings. `cargo xtask e2e` starts it; it prints `ok TEXT` for every
//! step that held, and ends with an error at the first that did not.

use std::{env, error::Error, time::Duration};

use alloy_network::{EthereumWallet, TransactionBuilder};
use alloy_primitives::{Address, Bytes, U256};
use alloy_provider::{DynProvider, Provider, ProviderBuilder, WsConnect};
use alloy_rpc_types_eth::{Filter, TransactionReceipt, TransactionRequest};
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::{SolCall, SolEvent, SolInterface};
use fusebox::bindings::Protocol::{
    heartbeatCall, panelCall, priceCall, setCall, unpauseCall, Heartbeat, ProtocolErrors,
};

type Done<T = ()> = Result<T, Box<dyn Error>>;

const MARKET: u32 = 1;
const INCREASE: u8 = 0;
/// So long that the next block is of a later second.
const SECOND: Duration = Duration::from_millis(1_100);
/// How long an announcement may take.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Done {
    let key = std::fs::read_to_string(given("GUARDIAN_KEY_FILE")?)?;
    let signer: PrivateKeySigner = key.trim().parse()?;
    let client = Client {
        protocol: given("FUSEBOX_PROTOCOL")?.parse()?,
        guardian: signer.address(),
        provider: ProviderBuilder::new()
            .wallet(EthereumWallet::from(signer))
            .connect_http(given("FUSEBOX_RPC")?.parse()?)
            .erased(),
    };
    client.reads().await?;
    client.typed_errors().await?;
    client.transaction_with_event().await
}

struct Client {
    provider: DynProvider,
    protocol: Address,
    guardian: Address,
}

impl Client {
    /// Asks the protocol by a generated call.
    async fn ask<C: SolCall>(&self, call: &C) -> Done<C::Return> {
        let answer = self.provider.call(self.request(call)).await?;
        Ok(C::abi_decode_returns(&answer)?)
    }

    fn request<C: SolCall>(&self, call: &C) -> TransactionRequest {
        let request = TransactionRequest::default().with_from(self.guardian).with_to(self.protocol);
        request.with_input(Bytes::from(call.abi_encode()))
    }

    async fn reads(&self) -> Done {
        let price = self.ask(&priceCall { market: MARKET, class: INCREASE }).await?._0;
        let words = self.ask(&panelCall {}).await?;
        holds(!price.is_zero() && words.len() > 3, "the protocol has no price or no panel")?;
        let block = self.provider.get_block_number().await?;
        let fees = self.provider.estimate_eip1559_fees().await?;
        holds(fees.max_fee_per_gas > 0, "the node names no fee")?;
        ok(&format!("reads: a price of {price} and {} words of the panel at block {block}", words.len()));
        Ok(())
    }

    /// Refusals arrive as values of the generated enum.
    async fn typed_errors(&self) -> Done {
        let unknown = self.refusal(&priceCall { market: 9, class: INCREASE }).await?;
        holds(matches!(unknown, ProtocolErrors::UnknownMarket(_)), &format!("market 9 is refused with {unknown:?}"))?;
        let missing = self.refusal(&unpauseCall { scope: MARKET }).await?;
        holds(
            matches!(&missing, ProtocolErrors::MissingRole(error) if error.who == self.guardian),
            &format!("an unpause by a guardian is refused with {missing:?}"),
        )?;
        let parameter = self.refusal(&setCall { scope: MARKET, id: 0xffff, value: 1 }).await?;
        ok(&format!("typed errors: {unknown:?}, {missing:?}, {parameter:?}"));
        Ok(())
    }

    async fn refusal<C: SolCall>(&self, call: &C) -> Done<ProtocolErrors> {
        match self.provider.call(self.request(call)).await {
            Ok(answer) => Err(format!("{} was not refused: {answer}", C::SIGNATURE).into()),
            Err(error) => {
                let data = error.as_error_resp().and_then(|payload| payload.as_revert_data());
                let data = data.ok_or_else(|| format!("{} is refused without data: {error}", C::SIGNATURE))?;
                Ok(ProtocolErrors::abi_decode(&data)?)
            }
        }
    }

    /// A transaction whose gas, fee and nonce the provider fills in, its event in the receipt, in a filter and announced.
    async fn transaction_with_event(&self) -> Done {
        let filter = Filter::new().address(self.protocol).event_signature(Heartbeat::SIGNATURE_HASH);
        let socket = ProviderBuilder::new().connect_ws(WsConnect::new(given("FUSEBOX_WS")?)).await?;
        let mut announced = socket.subscribe_logs(&filter).await?;
        // A heartbeat in the same second as the last one changes nothing, and nothing is announced.
        tokio::time::sleep(SECOND).await;
        let pending = self.provider.send_transaction(self.request(&heartbeatCall {})).await?;
        let receipt: TransactionReceipt = pending.get_receipt().await?;
        holds(receipt.status(), "the heartbeat reverted")?;
        let beat = receipt.decoded_log::<Heartbeat>().ok_or("the receipt has no heartbeat")?;
        holds(beat.guardian == self.guardian, "another guardian's heart beats")?;
        let block = receipt.block_number.ok_or("the receipt has no block")?;
        let found = self.provider.get_logs(&filter.clone().from_block(block)).await?;
        holds(found.len() == 1, &format!("the filter finds {} heartbeats", found.len()))?;
        let log = tokio::time::timeout(PATIENCE, announced.recv()).await??;
        holds(log.transaction_hash == Some(receipt.transaction_hash), "another log was announced")?;
        let until = U256::from(beat.until);
        ok(&format!(
            "a transaction for {} gas: its heartbeat until {until} in receipt, filter and announcement",
            receipt.gas_used
        ));
        Ok(())
    }
}

fn given(name: &str) -> Done<String> {
    env::var(name).map_err(|_| format!("{name} is not set: this is started by cargo xtask e2e").into())
}

fn holds(condition: bool, text: &str) -> Done {
    if condition {
        Ok(())
    } else {
        Err(text.into())
    }
}

fn ok(text: &str) {
    println!("ok {text}");
}
