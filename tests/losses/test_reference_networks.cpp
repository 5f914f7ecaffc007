// Losses in whole networks, forward and backward, against PyTorch: sample weights, class weights, label
// smoothing.

#include <set>

#include "support/reference_network.hpp"

TEST_CASE("losses: networks of the reference cases") {
  LAMINA_NEEDS_ORACLE();
  const std::set<std::string> on_probabilities{"bce", "cross_entropy_probabilities"}, others{"kl_divergence"};
  int cases = 0;
  for (const std::string& name : oracle::names("forward_backward", "loss_")) {
    CAPTURE(name);
    const auto c = oracle::load("forward_backward", name);
    oracle::ReferenceNetwork network(c);
    REQUIRE(network.complete);
    const auto loss_name = c["loss"]["name"].get<std::string>();
    const bool known =
        oracle::with_loss(c["loss"], [&](const auto& loss) { oracle::check_case(c, network, loss); });
    CHECK(known == (!on_probabilities.count(loss_name) && !others.count(loss_name)));
    cases += known;
  }
  CHECK(cases >= 70);
}
