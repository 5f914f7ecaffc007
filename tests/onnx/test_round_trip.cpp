// export_onnx() and import_onnx(): every layer and activation computes the same when it comes back.

#include <sstream>

#include "lamina/io/onnx.hpp"
#include "support/files.hpp"
#include "support/full_stream.hpp"

using namespace lamina;

namespace {

template <class Scalar>
using Matrix = Eigen::Matrix<Scalar, Dynamic, Dynamic>;

/// From the middle to the tails.
template <class Scalar>
Matrix<Scalar> inputs(Index columns) {
  Matrix<Scalar> X(40, columns);
  Random random(3);
  for (Index i = 0; i < X.rows(); ++i)
    for (Index j = 0; j < columns; ++j) X(i, j) = static_cast<Scalar>((i < 20 ? 1 : 15) * random.normal());
  return X;
}

template <class Scalar>
DynamicNetwork<Scalar> network_of(const AnyActivation& g) {
  DynamicNetwork<Scalar> net(4);
  net.dense(5, g).dense(3);
  net.initialize(1);
  return net;
}

/// Every activation, and other options than the default ones.
std::vector<AnyActivation> activations() {
  std::vector<AnyActivation> list{
      LeakyReLU{.slope = 1.0 / 3}, LeakyReLU{.slope = -0.7}, ELU{.alpha = 0.3},     ELU{.alpha = 0},
      CELU{.alpha = 0.3},          CELU{.alpha = 3},         Softplus{.beta = 0.3}, Softplus{.beta = 7}};
  std::istringstream names(AnyActivation::names());
  for (std::string name; names >> name;) list.emplace_back(name);
  return list;
}

/// The largest difference of the outputs, relative to the largest output.
template <class Scalar>
double difference(const Matrix<Scalar>& A, const Matrix<Scalar>& B) {
  REQUIRE(A.rows() == B.rows());
  REQUIRE(A.cols() == B.cols());
  return static_cast<double>((A - B).cwiseAbs().maxCoeff() / A.cwiseAbs().maxCoeff());
}

template <class Scalar>
void check_activations() {
  for (const AnyActivation& g : activations()) {
    INFO(g.name());
    const auto net = network_of<Scalar>(g);
    const auto model = import_onnx<Scalar>(to_onnx(net));
    REQUIRE(model.network.size() == 2);
    CHECK(model.network.parameters() == net.parameters());
    // A CELU of α = 1 is an ELU, an ELU of α = 0 may be any of them: what it computes tells.
    const auto names = std::pair(model.layers[0].activation, describe_layers(net.layers())[0].activation);
    CHECK((names.first == names.second || names == std::pair<std::string, std::string>("elu", "celu")));
    const Matrix<Scalar> X = inputs<Scalar>(4);
    CHECK(model.network.predict(X) == net.predict(X));
  }
}

/// All kinds of layer.
template <class Scalar>
DynamicNetwork<Scalar> layers() {
  DynamicNetwork<Scalar> net(3);
  net.normalization(Normalization<Dynamic>(Eigen::RowVector3d(0.1, 1000, -2),
                                           Eigen::RowVector3d(1.0 / 3, 0.01, 7),
                                           Eigen::RowVector3d(0.7, 0, 2)));
  net.dense(6, "tanh").batch_norm(0.3, 1.0 / 300).dense(5, "relu", false).layer_norm(1.0 / 700).dropout(0.5);
  net.activation("silu").dense(4).softmax().dense(2);
  net.normalization(Normalization<Dynamic>(Eigen::RowVector2d(0, 0), Eigen::RowVector2d(20, -5),
                                           Eigen::RowVector2d(1, 300)));
  net.initialize(1);
  Random random(4);
  for (Index i = 0; i < net.parameter_count(); ++i)
    net.parameters()[i] += static_cast<Scalar>(0.1 * random.normal());
  for (std::size_t l = 0; l < net.size(); ++l)
    if (auto* norm = std::get_if<BatchNorm<Dynamic>>(&net.layer(l)))
      norm->set_running_statistics(Eigen::RowVectorXd::LinSpaced(6, -1, 1),
                                   Eigen::RowVectorXd::LinSpaced(6, 0, 2));
  return net;
}

}  // namespace

TEST_CASE("every activation comes back from ONNX bit for bit", "[onnx]") {
  check_activations<float>();
  check_activations<double>();
}

TEST_CASE("every layer comes back from ONNX", "[onnx]") {
  const auto single = layers<float>();
  const auto from_single = import_onnx<float>(to_onnx(single));
  const Eigen::MatrixXf X = inputs<float>(3);
  CHECK(from_single.network.predict(X) == single.predict(X));
  CHECK(from_single.scalar == ElementType::f32);
  CHECK(from_single.version == LAMINA_VERSION_STRING);
  CHECK(from_single.network.parameters() == single.parameters());
  // All but the dropout.
  REQUIRE(from_single.layers.size() == single.size() - 1);
  CHECK(std::get<Normalization<Dynamic>>(from_single.network.layer(0)).center()(1) == 1000);

  // The epsilon of BatchNorm is a float in ONNX, and what that leaves out of it is added to the variance: a rounding.
  const auto twice = layers<double>();
  const auto from_twice = import_onnx<double>(to_onnx(twice));
  const Eigen::MatrixXd XX = inputs<double>(3);
  CHECK(difference<double>(from_twice.network.predict(XX), twice.predict(XX)) < 1e-14);
  CHECK(from_twice.scalar == ElementType::f64);
  CHECK(from_twice.network.parameters() == twice.parameters());
}

TEST_CASE("networks of fixed layers, with the other scalar, in a file, a stream and memory", "[onnx]") {
  files::Folder folder;
  Network<double, Normalization<2>, Dense<2, 3, LeakyReLU>, BatchNorm<3>, Dropout<3>,
          Dense<3, 2, Identity, false>, Softmax<2>>
      net(Normalization<2>(Eigen::RowVector2d(1, 2), Eigen::RowVector2d(3, 4), Eigen::RowVector2d(0, 0)), {},
          BatchNorm<3>(), Dropout<3>(0.5), {}, {});
  net.initialize(3);
  const auto bytes = to_onnx(net, {.floats = true});
  const Eigen::MatrixXd X = inputs<double>(2);
  // Rounded to float once.
  CHECK(difference<double>(import_onnx<double>(bytes).network.predict(X), net.predict(X)) < 1e-5);
  CHECK(import_onnx<double>(bytes).scalar == ElementType::f32);
  CHECK(difference<double>(import_onnx<double>(to_onnx(net)).network.predict(X), net.predict(X)) < 1e-14);
  CHECK(import_onnx<float>(to_onnx(net)).network.parameters() ==
        import_onnx<float>(bytes).network.parameters());

  export_onnx(net, folder.path("a.onnx"), {.floats = true});
  CHECK(read_file(folder.path("a.onnx")) == bytes);
  CHECK(folder.count() == 1);
  std::stringstream stream;
  export_onnx(net, stream, {.floats = true});
  CHECK(files::bytes(stream.str()) == bytes);
  CHECK(import_onnx<float>(stream).network.predict(X.cast<float>()) ==
        import_onnx(folder.path("a.onnx")).network.predict(X.cast<float>()));
  CHECK_THROWS_AS(import_onnx(folder.path("b.onnx")), FileError);
  std::ostringstream bad;
  bad.setstate(std::ios::badbit);
  CHECK_THROWS_AS(export_onnx(net, bad), FileError);
  files::FullStream full;
  CHECK_THROWS_AS(export_onnx(net, full), FileError);
}

TEST_CASE("a network that does nothing is an Identity", "[onnx]") {
  DynamicNetwork<float> net(3);
  net.dropout(0.5).activation("identity");
  const auto bytes = to_onnx(net);
  onnx::ModelProto model;
  REQUIRE(model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  REQUIRE(model.graph().node_size() == 1);
  CHECK(model.graph().node(0).op_type() == "Identity");
  const Eigen::MatrixXf X = inputs<float>(3);
  CHECK(import_onnx(bytes).network.predict(X) == X);
}

TEST_CASE("what export_onnx writes says what it is", "[onnx]") {
  Network<float, Dense<3, 2, Softplus>> net;
  net.initialize(1);
  const auto bytes = to_onnx(net, {.name = "iris", .input = "layer0_Gemm", .output = "p", .batch = "n"});
  onnx::ModelProto model;
  REQUIRE(model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  CHECK(model.ir_version() == 8);
  REQUIRE(model.opset_import_size() == 1);
  CHECK(model.opset_import(0).version() == 17);
  CHECK(model.graph().name() == "iris");
  const auto& input = model.graph().input(0);
  CHECK(input.name() == "layer0_Gemm");
  CHECK(input.type().tensor_type().elem_type() == onnx::TensorProto::FLOAT);
  CHECK(input.type().tensor_type().shape().dim(0).dim_param() == "n");
  CHECK(input.type().tensor_type().shape().dim(1).dim_value() == 3);
  CHECK(model.graph().output(0).name() == "p");
  CHECK(model.graph().output(0).type().tensor_type().shape().dim(1).dim_value() == 2);
  const Eigen::MatrixXf X = inputs<float>(3);
  CHECK(import_onnx(bytes).network.predict(X) == net.predict(X));
}

TEST_CASE("what export_onnx cannot write", "[onnx]") {
  Network<float, Dense<3, 2>> net;
  net.initialize(1);
  CHECK_THROWS_AS(to_onnx(net, {.input = "a", .output = "a"}), OptionError);
  CHECK_THROWS_AS(to_onnx(net, {.name = ""}), OptionError);
  CHECK_THROWS_AS(to_onnx(net, {.batch = ""}), OptionError);
  CHECK_THROWS_AS(to_onnx(DynamicNetwork<float>(3)), OptionError);
  net.parameters()(7) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_MATCHES(
      to_onnx(net), DataError,
      Catch::Matchers::Message("export_onnx: tensor 'layer0_bias', element 1: expected a finite number "
                               "of the network's scalar, got nan"));
  files::Folder folder;
  CHECK_THROWS_AS(export_onnx(net, folder.path("a.onnx")), DataError);
  CHECK(folder.count() == 0);
  Network<double, Dense<1, 1>> large;
  large.parameters().setConstant(1e300);
  CHECK_THROWS_AS(to_onnx(large, {.floats = true}), DataError);
  DynamicNetwork<double> short_of_one(3);
  short_of_one.dense(2).dense(1);
  short_of_one.parameters().conservativeResize(10);
  for (const bool floats : {false, true})
    CHECK_THROWS_MATCHES(
        to_onnx(short_of_one, {.floats = floats}), ShapeError,
        Catch::Matchers::Message("parameters: expected 11 for the layers of the network, got 10"));
}

TEST_CASE("what the names of ONNX cannot hold", "[onnx]") {
  Network<float, Dense<3, 2>> plain;
  plain.initialize(1);
  CHECK_NOTHROW(to_onnx(plain, {.input = "größe"}));
  CHECK_THROWS_MATCHES(
      to_onnx(plain, {.input = "\xff\xfe"}), DataError,
      Catch::Matchers::Message("OnnxExportOptions, input: expected text in UTF-8, got other bytes"));
  CHECK_THROWS_AS(to_onnx(plain, {.name = "\xc3"}), DataError);
  CHECK_THROWS_AS(to_onnx(plain, {.output = "\x80"}), DataError);
  CHECK_THROWS_AS(to_onnx(plain, {.batch = "\xed\xa0\x80"}), DataError);
}
