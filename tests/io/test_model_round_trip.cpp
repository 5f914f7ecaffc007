// save() and load(): every layer, activation and scalar comes back bit for bit.

#include <bit>
#include <sstream>

#include "lamina/io/model.hpp"
#include "lamina/losses.hpp"
#include "support/files.hpp"

using namespace lamina;

namespace {

/// Awkward but finite numbers: signs of zero, subnormals, the largest.
template <class Scalar>
void fill(Scalar* x, Index count, std::uint64_t seed) {
  using Limits = std::numeric_limits<Scalar>;
  const Scalar odd[] = {Scalar(-0.0), Limits::denorm_min(), -Limits::min(), Limits::epsilon(), Scalar(0.1)};
  Random random(seed);
  for (Index i = 0; i < count; ++i)
    x[i] = i % 3 == 0 ? odd[(i / 3) % 5] : static_cast<Scalar>(random.normal());
}

template <class T>
bool same_bits(const T* a, const T* b, Index count) {
  using Bits = detail::UnsignedOf<sizeof(T)>;
  for (Index i = 0; i < count; ++i)
    if (std::bit_cast<Bits>(a[i]) != std::bit_cast<Bits>(b[i])) return false;
  return true;
}

template <class Row>
bool same_row(const Row& a, const Row& b) {
  return a.size() == b.size() && same_bits(a.data(), b.data(), a.size());
}

/// All that Lamina has, one after another.
template <class Scalar>
DynamicNetwork<Scalar> everything() {
  DynamicNetwork<Scalar> net(3);
  Eigen::RowVectorXd center(3), scale(3), offset(3);
  center << 0.1, 1e6, -0.0;
  scale << 1.0 / 3, 1e-3, 7;
  offset << 0.7, -1e-30, 2;
  net.normalization(Normalization<Dynamic>(center, scale, offset));
  std::istringstream names(AnyActivation::names());
  Index width = 2;
  for (std::string name; names >> name; ++width)
    net.dense(width % 5 + 1, AnyActivation(name), width % 2 == 0);
  net.dense(4, LeakyReLU{.slope = 1.0 / 3}).dense(4, ELU{.alpha = 0.1}).dense(4, CELU{.alpha = 0.3});
  net.dense(4, Softplus{.beta = 1e-1 + 1}).activation(LeakyReLU{.slope = -0.7}).activation("mish");
  net.batch_norm(0.3, 1.0 / 300).layer_norm(1.0 / 700).dropout(1.0 / 7).softmax().dense(2);
  net.normalization(Normalization<Dynamic>(Eigen::RowVector2d(0.1, 3), Eigen::RowVector2d(2, -5),
                                           Eigen::RowVector2d(1, 0.2)));
  fill(net.parameters().data(), net.parameter_count(), 3);
  for (std::size_t l = 0; l < net.size(); ++l)
    if (auto* norm = std::get_if<BatchNorm<Dynamic>>(&net.layer(l)))
      norm->set_running_statistics(Eigen::RowVector4d(0.1, -0.0, sizeof(Scalar) == 4 ? 1e38 : 1e300, 5e-324),
                                   Eigen::RowVector4d(0.2, 0.0, 1e-300, 1.0 / 3));
  return net;
}

template <class Scalar>
void check_same(const DynamicNetwork<Scalar>& a, const DynamicNetwork<Scalar>& b) {
  REQUIRE(describe_layers(a.layers()) == describe_layers(b.layers()));
  CHECK(a.parameter_count() == b.parameter_count());
  CHECK(same_bits(a.parameters().data(), b.parameters().data(), a.parameter_count()));
  for (std::size_t l = 0; l < a.size(); ++l) {
    INFO("layer " << l);
    CHECK(a.layer(l).index() == b.layer(l).index());
    if (const auto* one = std::get_if<BatchNorm<Dynamic>>(&a.layer(l))) {
      const auto& other = std::get<BatchNorm<Dynamic>>(b.layer(l));
      CHECK(same_row(one->running_mean(), other.running_mean()));
      CHECK(same_row(one->running_variance(), other.running_variance()));
    }
    if (const auto* one = std::get_if<Normalization<Dynamic>>(&a.layer(l))) {
      const auto& other = std::get<Normalization<Dynamic>>(b.layer(l));
      CHECK(same_row(one->center(), other.center()));
      CHECK(same_row(one->scale(), other.scale()));
      CHECK(same_row(one->offset(), other.offset()));
    }
  }
}

template <class Scalar>
void check_round_trip() {
  const auto net = everything<Scalar>();
  const std::vector<std::byte> bytes = to_safetensors(net);
  auto loaded = load_network<Scalar>(bytes);
  check_same(net, loaded.network);
  CHECK(to_safetensors(loaded.network) == bytes);
  CHECK(loaded.scalar == (sizeof(Scalar) == 4 ? ElementType::f32 : ElementType::f64));
  CHECK(loaded.parameter_count() == net.parameter_count());
  // Over a network with other parameters and options.
  auto other = everything<Scalar>();
  other.parameters().setConstant(7);
  for (std::size_t l = 0; l < other.size(); ++l)
    if (auto* dropout = std::get_if<Dropout<Dynamic>>(&other.layer(l))) *dropout = Dropout<Dynamic>(4, 0.9);
  load(other, bytes);
  check_same(net, other);
}

}  // namespace

TEST_CASE("a network of floats with every layer and activation comes back bit for bit", "[model]") {
  check_round_trip<float>();
}

TEST_CASE("a network of doubles with every layer and activation comes back bit for bit", "[model]") {
  check_round_trip<double>();
}

TEST_CASE("the other scalar: floats are exact as doubles, doubles are rounded to floats", "[model]") {
  DynamicNetwork<float> singles(2);
  singles.dense(3, "tanh").dense(1).initialize(5);
  const auto widened = load_network<double>(to_safetensors(singles));
  CHECK(widened.network.parameters() == singles.parameters().cast<double>());

  DynamicNetwork<double> doubles(2);
  doubles.dense(3, "tanh").dense(1).initialize(5);
  const auto narrowed = load_network<float>(to_safetensors(doubles));
  CHECK(narrowed.network.parameters() == doubles.parameters().cast<float>());
  // Inputs so large that they are not the same floats: times of a clock.
  DynamicNetwork<double> clock(1);
  const Eigen::RowVectorXd one = Eigen::RowVectorXd::Ones(1);
  clock.normalization(Normalization<Dynamic>(1.7e9 * one, one / 3600, 0 * one));
  clock.dense(8, "tanh").dense(1).initialize(5);
  CHECK_NOTHROW(load_network<float>(to_safetensors(clock)));
  // To the type that safetensors lacks, and never from it.
  const auto widest = load_network<long double>(to_safetensors(doubles));
  CHECK(widest.network.parameters() == doubles.parameters().cast<long double>());
  CHECK_THROWS_MATCHES(
      to_safetensors(widest.network), OptionError,
      Catch::Matchers::Message(
          "save: expected a network of float or double, got long double, which safetensors does "
          "not have"));
}

TEST_CASE("a path, a stream and memory hold the same file", "[model]") {
  files::Folder folder;
  DynamicNetwork<float> net(2);
  net.dense(3, "tanh").dense(1).initialize(5);
  const auto bytes = to_safetensors(net);
  const std::string path = folder.path("a.safetensors");
  save(net, path);
  CHECK(read_file(path) == bytes);
  CHECK(folder.count() == 1);  // no temporary is left
  std::stringstream stream;
  save(net, stream);
  CHECK(files::bytes(stream.str()) == bytes);
  for (int i = 0; i < 4; ++i) {
    const ModelFile file = i == 0   ? ModelFile(path)
                           : i == 1 ? ModelFile(path.c_str())
                           : i == 2 ? ModelFile(stream)
                                    : ModelFile(ByteSpan(bytes));
    CHECK(load_network<float>(file).network.parameters() == net.parameters());
  }
  stream.setstate(std::ios::badbit);
  CHECK_THROWS_AS(save(net, stream), FileError);
  CHECK_THROWS_AS(load_network<float>(folder.path("none")), FileError);
  CHECK_THROWS_AS(save(net, folder.path("no/folder")), FileError);
  // What cannot be saved leaves the old file.
  net.parameters()[4] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_MATCHES(save(net, path), DataError,
                       Catch::Matchers::Message("save: layer 0, tensor '0.weight', element [2, 0]: expected "
                                                "a finite number of the network's scalar, got nan"));
  CHECK(read_file(path) == bytes);
  CHECK(folder.count() == 1);
}

TEST_CASE("what a file says beside the parameters comes back", "[model]") {
  DynamicNetwork<double> net(2);
  net.dense(3).initialize(5);
  const SaveOptions options{
      .loss = SavedLoss("mine", {{"a", {0.1, 2}}, {"b", {}}}),
      .class_names = {"x", "\u00e9 \"\\\n", ""},
      .feature_names = {"one", "two"},
      .extra = {{"", "{\"deep\": [[[[[[[[[[[]]]]]]]]]]]}"}, {"k", std::string(5, '\0')}},
      .golden_pairs = 5};
  const auto bytes = to_safetensors(net, options);
  for (const ModelInfo& info : {load_info(bytes), load(net, bytes)}) {
    CHECK(info.version == LAMINA_VERSION_STRING);
    CHECK(info.scalar == ElementType::f64);
    CHECK(info.layers == describe_layers(net.layers()));
    CHECK(info.inputs() == 2);
    CHECK(info.outputs() == 3);
    CHECK(info.loss == options.loss);
    CHECK(info.class_names == options.class_names);
    CHECK(info.feature_names == options.feature_names);
    CHECK(info.extra == options.extra);
    REQUIRE(info.golden);
    CHECK(info.golden->inputs.rows() == 5);
    CHECK(info.golden->outputs == net.predict(info.golden->inputs));
  }
  const auto without = load_info(to_safetensors(net, {.golden_pairs = 0}));
  CHECK_FALSE(without.golden);
  CHECK_FALSE(without.loss);
  CHECK(without.extra.empty());
}

TEST_CASE("options of saving that do not fit are refused", "[model]") {
  DynamicNetwork<float> net(2);
  CHECK_THROWS_AS(to_safetensors(net), OptionError);  // no layer
  net.dense(3);
  const auto refuses = [&](const SaveOptions& options, const std::string& text) {
    CHECK_THROWS_MATCHES(to_safetensors(net, options), OptionError,
                         Catch::Matchers::Message("SaveOptions: " + text));
  };
  refuses({.class_names = {"a", "b"}}, "class_names: expected one for each of 3 outputs, got 2");
  refuses({.feature_names = {"a"}}, "feature_names: expected one for each of 2 inputs, got 1");
  refuses({.golden_pairs = -1}, "expected 0 to 64 golden_pairs, got -1");
  refuses({.golden_pairs = 65}, "expected 0 to 64 golden_pairs, got 65");
  CHECK_THROWS_AS(to_safetensors(net, {.class_names = {"a", "b", "\xff"}}), DataError);
  CHECK_THROWS_AS(to_safetensors(net, {.extra = {{"a", "\xff"}}}), DataError);
  // The one output of a binary classifier has two names.
  net.dense(1);
  CHECK(load_info(to_safetensors(net, {.class_names = {"no", "yes"}})).class_names.size() == 2);
}

TEST_CASE("running statistics that are infinite in the network's scalar are not saved", "[model]") {
  Network<float, BatchNorm<2>> net;
  net.layer<0>().set_running_statistics(Eigen::RowVector2d(0, 1e60), Eigen::RowVector2d(1, 1));
  CHECK_THROWS_MATCHES(
      to_safetensors(net), DataError,
      Catch::Matchers::Message("save: layer 0, tensor '0.running_mean', element [1]: expected a finite "
                               "number of the network's scalar, got 1e+60"));
  Network<double, BatchNorm<2>> wide;
  wide.layer<0>().set_running_statistics(Eigen::RowVector2d(0, 1e60), Eigen::RowVector2d(1, 1));
  CHECK_NOTHROW(to_safetensors(wide));
}

TEST_CASE("a network with more outputs than load believes is not saved", "[model]") {
  auto net =
      make_network<float>(Activate<Eigen::Dynamic, ReLU>(600000), Activate<Eigen::Dynamic, Tanh>(600000));
  CHECK_THROWS_WITH(to_safetensors(net),
                    "save: expected at most 1048576 outputs of all layers together for 0 elements of "
                    "tensors, got 1200000");
  auto half = make_network<float>(Activate<Eigen::Dynamic, ReLU>(600000));
  CHECK(load_network<float>(to_safetensors(half)).network.outputs() == 600000);
}

TEST_CASE("a network whose outputs overflow, or with very many inputs, is saved without golden pairs",
          "[model]") {
  DynamicNetwork<float> net(2);
  net.dense(2).dense(1);
  net.parameters().setConstant(3e38f);
  const auto bytes = to_safetensors(net);
  CHECK_FALSE(load_info(bytes).golden);
  CHECK(load_network<float>(bytes).network.parameters() == net.parameters());

  DynamicNetwork<float> wide(40'000);
  wide.dense(1);
  CHECK(load_info(to_safetensors(wide)).golden->inputs.rows() == 1);
  DynamicNetwork<float> wider(65'536);
  wider.dense(1);
  CHECK_FALSE(load_info(to_safetensors(wider)).golden);
}

TEST_CASE("a loss travels with its options", "[model]") {
  const SavedLoss huber = Huber{.delta = 0.1};
  CHECK(huber == SavedLoss("huber", {{"delta", {0.1}}}));
  CHECK(huber.as<Huber>().delta == 0.1);
  CHECK(SavedLoss(MeanSquaredError{}) == SavedLoss("mse", {}));
  const SavedLoss quantile = Quantile{.tau = {0.1, 0.9}};
  CHECK(quantile.options.at("tau") == std::vector<double>{0.1, 0.9});
  CHECK(quantile.as<Quantile>().tau[1] == 0.9);
  CHECK(SavedLoss(Quantile{.tau = 0.3}).as<Quantile>().tau[5] == 0.3);
  const SavedLoss cross = SoftmaxCrossEntropy{.label_smoothing = 0.1, .class_weights = {1, 2, 3}};
  CHECK(cross.as<SoftmaxCrossEntropy>().label_smoothing == 0.1);
  CHECK(cross.as<SoftmaxCrossEntropy>().class_weights == std::vector<double>{1, 2, 3});
  const auto binary = SavedLoss(BinaryCrossEntropy{.positive_weight = {1, 4}, .negative_weight = 3});
  CHECK(binary.as<BinaryCrossEntropy>().positive_weight[1] == 4);
  CHECK(binary.as<BinaryCrossEntropy>().negative_weight[1] == 3);
  const auto poisson = SavedLoss(PoissonNLL{.log_input = false, .full = true, .eps = 0.5}).as<PoissonNLL>();
  CHECK_FALSE(poisson.log_input);
  CHECK(poisson.full);
  CHECK(poisson.eps == 0.5);
  CHECK(SavedLoss(GaussianNLL{.full = true}).as<GaussianNLL>().full);

  CHECK_THROWS_AS(SavedLoss(Huber{.delta = std::numeric_limits<double>::infinity()}), OptionError);
  CHECK_THROWS_AS(huber.as<MeanSquaredError>(), OptionError);
  CHECK_THROWS_AS(SavedLoss("huber", {}).as<Huber>(), OptionError);
  CHECK_THROWS_AS(SavedLoss("huber", {{"delta", {1, 2}}}).as<Huber>(), OptionError);
  CHECK_THROWS_AS(SavedLoss("huber", {{"delta", {1}}, {"gamma", {1}}}).as<Huber>(), OptionError);
  CHECK_THROWS_AS(SavedLoss("mse", {{"gamma", {1}}}).as<MeanSquaredError>(), OptionError);
  CHECK_THROWS_AS(SavedLoss("gaussian_nll", {{"full", {0.5}}, {"eps", {1}}}).as<GaussianNLL>(), OptionError);

  DynamicNetwork<float> net(2);
  net.dense(3);
  CHECK(load_info(to_safetensors(net, {.loss = cross})).loss == cross);
  CHECK(load_info(to_safetensors(net, {.loss = Huber{.delta = 3}})).loss->as<Huber>().delta == 3);
}
