//! Generated request sequences: values from shapes, broken values, coverage and random sequences.
//!
//! What comes out are [`Scenario`]s like the written ones, played in lockstep with the reference:
//! one runner plays them and one set of checks judges them. How an operation is called so that it
//! succeeds is data ([`crate::scenario::recipes`]); everything else follows from the catalogue.
//! Nothing here sends a request.

mod app;
mod apply;
mod boundaries;
pub mod broken;
mod case;
mod coverage;
pub mod dictionary;
mod draw;
mod named;
pub(crate) mod neighbours;
mod pattern;
pub mod plan;
mod random;
mod stock;
#[cfg(test)]
mod tests;
mod text;
pub mod values;
mod violate;

use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use ring::digest::{SHA256, digest};

use crate::app::Scope;
use crate::catalogue::Catalogue;
use crate::scenario::recipes::Recipes;
use crate::scenario::{Scenario, Step};
use dictionary::Dictionary;
use stock::{AllLinks, Stock};
use values::Values;

/// Makes cases; the same ones for a seed.
#[derive(Debug)]
pub struct Generator {
    catalogue: Arc<Catalogue>,
    recipes: Arc<Recipes>,
    links: Arc<AllLinks>,
    values: Values,
    seed: u64,
    /// What random sequences are drawn from, where one application's calls are asked for.
    app: Option<Arc<Scope>>,
}

impl Generator {
    /// Returns a generator over a contract; values are drawn from `dictionary` where it knows any.
    pub fn new(
        catalogue: Arc<Catalogue>,
        recipes: Arc<Recipes>,
        dictionary: Dictionary,
        seed: u64,
    ) -> Self {
        let links = Arc::new(AllLinks::of(&catalogue));
        Self { catalogue, recipes, links, values: Values::new(dictionary), seed, app: None }
    }

    /// Draws random sequences from what an application calls: flows first, then operations by how
    /// often they are called, with the members that it uses.
    #[must_use]
    pub fn around(mut self, app: Option<Arc<Scope>>) -> Self {
        self.app = app;
        self
    }

    /// Returns the coverage cases of an operation, in the same order each time; none of an operation
    /// that is unknown or has no recipe.
    pub fn coverage(&mut self, service: &str, operation: &str) -> Vec<Scenario> {
        let catalogue = self.catalogue.clone();
        let found = catalogue.services.get(service);
        let found = found.and_then(|s| Some((s, s.operations.get(operation)?)));
        found
            .map(|(service, operation)| coverage::cases(self, service, operation))
            .unwrap_or_default()
    }

    /// Returns the random sequence with this number, of at most `most_steps` steps on its stage.
    ///
    /// `None` only where there is no recipe at all.
    pub fn random(&mut self, number: u64, most_steps: usize) -> Option<Scenario> {
        random::sequence(self, number, most_steps)
    }

    /// Returns every operation with its service, sorted.
    pub fn operations(&self) -> Vec<(String, String)> {
        let services = self.catalogue.services.values();
        let names = services.flat_map(|service| {
            service.operations.keys().map(|name| (service.info.id.clone(), name.clone()))
        });
        names.collect()
    }

    /// Takes in what a step makes and names.
    fn absorb(&self, stock: &mut Stock, step: &Step) {
        stock.absorb(&self.catalogue, &self.links, step);
    }

    /// Returns a source of randomness that follows from the seed and a name.
    fn rng(&self, name: &str) -> ChaCha8Rng {
        let hash = digest(&SHA256, format!("{}/{name}", self.seed).as_bytes());
        let mut seed = [0; 32];
        seed.copy_from_slice(hash.as_ref());
        ChaCha8Rng::from_seed(seed)
    }
}
