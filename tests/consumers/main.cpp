// What a program outside of the project does with the library.

#include <cstdio>
#include <lamina/lamina.hpp>

int main() {
  using namespace lamina;
  Network<float, Dense<2, 3, Tanh>, Dense<3, 1>> net;
  net.initialize(1);
  const Eigen::MatrixXf A = net.predict(Eigen::MatrixXf::Ones(5, 2));
  std::printf("lamina %s: %ld x %ld\n", LAMINA_VERSION_STRING, long(A.rows()), long(A.cols()));
  return A.rows() == 5 && A.cols() == 1 ? 0 : 1;
}
