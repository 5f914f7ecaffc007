// Any bytes as a model: a network that is the same when it is saved and loaded again, or a FormatError.

#include "lamina/io/model.hpp"

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamina;
  try {
    const ModelFile file(read_safetensors(fuzz::bytes(data, size), "input"));
    // Golden pairs are of the file that was saved, whatever it has become.
    const auto model = load_network<float>(file, {.check_golden_pairs = size % 2 == 0});
    const auto bytes = to_safetensors(model.network, {.loss = model.loss,
                                                      .class_names = model.class_names,
                                                      .feature_names = model.feature_names,
                                                      .extra = model.extra});
    const auto again = load_network<float>(bytes);
    fuzz::require(again.network.parameters() == model.network.parameters());
    fuzz::require(again.layers == model.layers && again.loss == model.loss && again.extra == model.extra &&
                  again.class_names == model.class_names && again.feature_names == model.feature_names);
    fuzz::require(to_safetensors(again.network, {.loss = again.loss,
                                                 .class_names = again.class_names,
                                                 .feature_names = again.feature_names,
                                                 .extra = again.extra}) == bytes);
  } catch (const FormatError&) {
  }

  // And into a network that has its layers: all of it or nothing.
  static const auto fixed = [] {
    Network<float, Normalization<1>, Dense<1, 2, LeakyReLU>, BatchNorm<2>, Dense<2, 1>> net;
    net.initialize(1);
    return net;
  }();
  auto net = fixed;
  try {
    load(net, ModelFile(fuzz::bytes(data, size)));
  } catch (const FormatError&) {
    fuzz::require(net.parameters() == fixed.parameters());
  }
  return 0;
}
