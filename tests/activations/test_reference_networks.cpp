// Activations in whole networks, forward and backward, against PyTorch.

#include "support/reference_network.hpp"

TEST_CASE("activations: networks of the reference cases") {
  LAMINA_NEEDS_ORACLE();
  int cases = 0;
  for (const char* prefix : {"act_", "mixed_", "large_"})
    for (const std::string& name : oracle::names("forward_backward", prefix)) {
      CAPTURE(name);
      const auto c = oracle::load("forward_backward", name);
      oracle::ReferenceNetwork network(c);
      REQUIRE(network.complete);
      CHECK(oracle::with_loss(c["loss"], [&](const auto& loss) { oracle::check_case(c, network, loss); }));
      ++cases;
    }
  CHECK(cases >= 60);
}
