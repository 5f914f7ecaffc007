// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace lamina {

template <class Signature>
class FunctionRef;

/// A function of the caller's, which outlives the call it is handed to: one type for all of them, so that what takes it is
/// compiled once. As std::function_ref of C++26 (P0792).
template <class Result, class... Arguments>
class FunctionRef<Result(Arguments...)> {
 public:
  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, FunctionRef> &&
           std::is_invocable_r_v<Result, F&, Arguments...>)
      FunctionRef(F&& f)  // NOLINT(google-explicit-constructor, bugprone-forwarding-reference-overload)
      : self_(const_cast<void*>(static_cast<const void*>(std::addressof(f)))),
        call_([](void* self, Arguments... arguments) -> Result {
          return (*static_cast<std::add_pointer_t<std::remove_reference_t<F>>>(self))(
              static_cast<Arguments&&>(arguments)...);
        }) {}

  Result operator()(Arguments... arguments) const {
    return call_(self_, static_cast<Arguments&&>(arguments)...);
  }

 private:
  void* self_;
  Result (*call_)(void*, Arguments...);
};

}  // namespace lamina
