// Writes ONNX models with every layer and activation into the folder that is named, and cases.json: inputs, what Lamina
// makes of them, and how far another program's outputs may be from that. run.js runs them in ONNX Runtime.

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "lamina/io/onnx_export.hpp"
#include "lamina/lamina.hpp"

using namespace lamina;

namespace {

std::string folder;
nlohmann::json cases = nlohmann::json::array();

template <class Scalar>
nlohmann::json rows(const Eigen::Matrix<Scalar, Dynamic, Dynamic>& M) {
  nlohmann::json list = nlohmann::json::array();
  for (Index i = 0; i < M.rows(); ++i)
    for (Index j = 0; j < M.cols(); ++j) list.push_back(static_cast<double>(M(i, j)));
  return list;
}

template <class Scalar, class Net>
void write(const std::string& name, const Net& net, double center = 0) {
  using Matrix = Eigen::Matrix<Scalar, Dynamic, Dynamic>;
  Matrix X(9, net.inputs());
  Random random(2);
  // Ordinary numbers, and some in the tails of the activations.
  for (Index i = 0; i < X.rows(); ++i)
    for (Index j = 0; j < X.cols(); ++j)
      X(i, j) = static_cast<Scalar>(center + (i < 6 ? 1 : 20) * random.normal());
  const Matrix Y = net.predict(X);
  const std::string file = name + (sizeof(Scalar) == 4 ? "_float.onnx" : "_double.onnx");
  export_onnx(net, folder + "/" + file);
  // Sums of at most 16 terms in another order, another library's functions, through at most five layers: some roundings
  // of the largest output. Decompositions, as 1 + erf(z) where z is small, cancel a digit.
  const double tolerance =
      (sizeof(Scalar) == 4 ? 2e-6 : 2e-14) * std::max(1.0, static_cast<double>(Y.cwiseAbs().maxCoeff()));
  cases.push_back({{"file", file},
                   {"type", sizeof(Scalar) == 4 ? "float32" : "float64"},
                   {"rows", X.rows()},
                   {"inputs", X.cols()},
                   {"outputs", Y.cols()},
                   {"X", rows<Scalar>(X)},
                   {"Y", rows<Scalar>(Y)},
                   {"tolerance", tolerance}});
}

template <class Scalar>
void write_activation(const std::string& name, const AnyActivation& g) {
  DynamicNetwork<Scalar> net(4);
  net.dense(7, g).dense(3);
  net.initialize(1);
  write<Scalar>(name, net);
  DynamicNetwork<Scalar> alone(5);
  alone.activation(g);
  write<Scalar>(name + "_alone", alone);
}

template <class Scalar>
void write_all() {
  std::istringstream names(AnyActivation::names());
  for (std::string name; names >> name;) write_activation<Scalar>(name, AnyActivation(name));
  write_activation<Scalar>("leaky_relu_third", LeakyReLU{.slope = 1.0 / 3});
  write_activation<Scalar>("leaky_relu_negative", LeakyReLU{.slope = -0.7});
  write_activation<Scalar>("elu_third", ELU{.alpha = 1.0 / 3});
  write_activation<Scalar>("celu_third", CELU{.alpha = 1.0 / 3});
  write_activation<Scalar>("celu_3", CELU{.alpha = 3});
  write_activation<Scalar>("softplus_7", Softplus{.beta = 7});

  DynamicNetwork<Scalar> bias(4);
  bias.dense(1, "tanh", false).dense(16).dense(2, "identity", false);
  bias.initialize(2);
  write<Scalar>("dense_without_bias", bias);

  DynamicNetwork<Scalar> norms(4);
  norms.dense(6)
      .batch_norm(0.1, 1.0 / 300)
      .activation("relu")
      .dense(5)
      .layer_norm(1.0 / 700)
      .dropout(0.5)
      .dense(3);
  norms.initialize(3);
  Random random(4);
  for (Index i = 0; i < norms.parameter_count(); ++i)
    norms.parameters()[i] += static_cast<Scalar>(0.1 * random.normal());
  std::get<BatchNorm<Dynamic>>(norms.layer(1))
      .set_running_statistics(Eigen::RowVectorXd::LinSpaced(6, -1, 1),
                              Eigen::RowVectorXd::LinSpaced(6, 0.1, 2));
  write<Scalar>("norms", norms);
  DynamicNetwork<Scalar> layer_norm(6);
  layer_norm.layer_norm();
  layer_norm.initialize(1);
  write<Scalar>("layer_norm_alone", layer_norm);
  DynamicNetwork<Scalar> batch_norm(6);
  batch_norm.batch_norm(0.1, 1e-3);
  batch_norm.initialize(1);
  write<Scalar>("batch_norm_alone", batch_norm);

  // Raw inputs around 1000, raw outputs.
  Network<Scalar, Normalization<3>, Dense<3, 8, Tanh>, Dense<8, 2>, Normalization<2>> scaled(
      Normalization<3>(Eigen::RowVector3d(1000, 1001, 999.5), Eigen::RowVector3d(1.0 / 3, 2, 0.1),
                       Eigen::RowVector3d::Zero()),
      {}, {},
      Normalization<2>(Eigen::RowVector2d::Zero(), Eigen::RowVector2d(20, 3), Eigen::RowVector2d(-5, 100)));
  scaled.initialize(5);
  write<Scalar>("scaled", scaled, 1000);

  DynamicNetwork<Scalar> softmax(4);
  softmax.dense(5, "relu").dense(3).softmax();
  softmax.initialize(6);
  write<Scalar>("softmax", softmax);
  DynamicNetwork<Scalar> nothing(2);
  nothing.dropout(0.1);
  write<Scalar>("nothing", nothing);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: " << arguments[0] << " FOLDER\n";
    return 2;
  }
  folder = arguments[1];
  write_all<float>();
  write_all<double>();
  std::ofstream(folder + "/cases.json") << cases;
  std::cout << cases.size() << " models\n";
}
