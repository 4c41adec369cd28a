//! `can`: would this call pass now, and if not why.

use super::{
    access::Access,
    clock, explain,
    fault::{Fault, Outcome},
    interface,
    output::Report,
    rpc::{Failed, Message},
    words,
};
use alloy_primitives::{Address, Bytes};
use alloy_sol_types::SolCall;
use clap::Args;
use fusebox::bindings::Protocol as entry;
use fusebox_core::panel::Class;
use serde_json::json;

/// Would this call pass now, and if not, why: sends nothing.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  fusebox can increase --market 1                          # a class of action
  fusebox can exit
  fusebox can withdraw 1000000 --from 0x...                # any entry of the protocol, with its arguments
  fusebox can pause '[0,1]' 31 2 --from 0x...              # could this guardian pause now?
  fusebox can 'open(uint32,bool,uint256,uint256,uint256)' 1 true 1e18 5000000 0 --from 0x...

Classes: increase (new risk), liquidate, reduce, exit (withdrawal that needs no price), inflow (top up, repay).
Of a class, what is remembered is asked first, then the price for it. Exit code 0 yes, 5 no.")]
pub struct Can {
    /// A class of action, or an entry of the protocol.
    what: String,
    /// The entry's arguments.
    #[arg(allow_negative_numbers = true)]
    arguments: Vec<String>,
    /// The market of a class; without it the protocol as a whole.
    #[arg(long, default_value = "protocol", value_parser = words::parse_scope)]
    market: u32,
    /// Who would call; an entry's answer often depends on it.
    #[arg(long, value_name = "ADDRESS", default_value = "0x0000000000000000000000000000000000000000")]
    from: Address,
    #[command(flatten)]
    access: Access,
}

/// What is asked of the chain, one after the other.
struct Question {
    what: String,
    data: Bytes,
    /// What a yes says beside yes.
    told: fn(&[u8], &str) -> String,
}

impl Can {
    pub(super) fn run(&self) -> Outcome {
        let place = self.access.open()?;
        let protocol = place.protocol()?;
        let questions = self.questions()?;
        let now = place.rpc.latest()?.timestamp.to();
        let mut told = Vec::new();
        for question in &questions {
            let message =
                Message { from: self.from, to: Some(protocol), data: question.data.clone(), ..Message::default() };
            match place.rpc.call(&message) {
                Ok(answer) => told.push((question.told)(&answer, &question.what)),
                Err(Failed::Reverted(data)) => {
                    let why = explain::explain(&data, now);
                    let error = interface::decode_error(&data).map(|error| error.json());
                    let json = json!({
                        "can": false, "what": question.what, "error": error, "why": why.sentence, "hint": why.hint, "data": data,
                    });
                    place.out.print(&Report { text: format!("no: {}", why.show()), json });
                    return Err(Fault::No(format!("{} would not pass now", question.what)));
                }
                // A program that has expired does not revert: the node says so in its own words.
                Err(Failed::Fault(Fault::Refused(why))) => {
                    let hint = "fusebox keepalive --check says whether the programs are active";
                    let json = json!({ "can": false, "what": question.what, "error": null, "why": why, "hint": hint });
                    place.out.print(&Report { text: format!("no: {why}\n  what to do: {hint}"), json });
                    return Err(Fault::No(format!("{} would not pass now", question.what)));
                }
                Err(Failed::Fault(fault)) => return Err(fault),
            }
        }
        let text = format!("yes, at {}: {}", clock::utc(now), told.join("; "));
        place.out.print(&Report { text, json: json!({ "can": true, "what": self.what, "told": told }) });
        Ok(())
    }

    fn questions(&self) -> Outcome<Vec<Question>> {
        match words::parse_class(&self.what) {
            Ok(class) if self.arguments.is_empty() => Ok(self.of_class(class)),
            _ => {
                let function = interface::function(&self.what)?;
                let data = interface::encode(function, &self.arguments)?;
                let told = |answer: &[u8], what: &str| {
                    let values = interface::function(what)
                        .map(|function| interface::answer(function, answer))
                        .unwrap_or_default();
                    match values.is_empty() {
                        true => format!("{what} passes"),
                        false => format!("{what} answers {}", values.join(", ")),
                    }
                };
                Ok(vec![Question { what: function.signature(), data, told }])
            }
        }
    }

    /// What is remembered, then a price where the class needs one.
    fn of_class(&self, class: Class) -> Vec<Question> {
        let (market, code) = (self.market, class.code());
        let place = words::scope(market.into());
        let remembered = Question {
            what: format!("{} in {place}", words::class(code.into())),
            data: entry::checkCall { market, class: code }.abi_encode().into(),
            told: |answer, what| {
                let tier = entry::checkCall::abi_decode_returns(answer).unwrap_or_default();
                format!("{what} passes, the tier is {}", words::tier(tier.into()))
            },
        };
        let needs_price = market != 0 && matches!(class, Class::Increase | Class::Liquidate | Class::Reduce);
        let priced = needs_price.then(|| Question {
            what: format!("a price to {} in {place}", words::class(code.into())),
            data: entry::priceCall { market, class: code }.abi_encode().into(),
            told: |answer, _| match entry::priceCall::abi_decode_returns(answer) {
                Ok(price) => format!(
                    "the price is {} (WAD){}",
                    price._0,
                    if price._2 { ", liquidation only below half the maintenance margin" } else { "" }
                ),
                Err(_) => "there is a price".to_owned(),
            },
        });
        std::iter::once(remembered).chain(priced).collect()
    }
}
