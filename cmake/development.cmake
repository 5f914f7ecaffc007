# What lamina's own tests and examples are compiled with. Nothing here reaches a consumer.

# The warnings alone, for a program that must be compiled without the rest.
add_library(lamina_warnings INTERFACE)
set(gnu_like "$<CXX_COMPILER_ID:GNU,Clang,AppleClang>")
target_compile_options(lamina_warnings INTERFACE "$<${gnu_like}:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wconversion>"
                                                 "$<$<CXX_COMPILER_ID:MSVC>:/W4;/bigobj;/utf-8>")
if(LAMINA_WARNINGS_AS_ERRORS)
  target_compile_options(lamina_warnings INTERFACE "$<${gnu_like}:-Werror>" "$<$<CXX_COMPILER_ID:MSVC>:/WX>")
endif()

add_library(lamina_development INTERFACE)
target_link_libraries(lamina_development INTERFACE lamina lamina_warnings)
# By default g++ looks for unused memory so often that it delays large translation units; in kilobytes.
target_compile_options(lamina_development INTERFACE "$<$<CXX_COMPILER_ID:GNU>:--param=ggc-min-heapsize=600000>")
if(LAMINA_SANITIZE MATCHES "thread")
  # ThreadSanitizer takes an OpenMP library that is not compiled for it for one that does not synchronise: so the threads
  # of a batch are std::threads here (core/parallel.hpp). All else is the engine's own code, barriers included.
  find_package(Threads REQUIRED)
  target_compile_definitions(lamina_development INTERFACE LAMINA_STD_THREADS)
  target_link_libraries(lamina_development INTERFACE Threads::Threads)
elseif(TARGET lamina_openmp)
  target_link_libraries(lamina_development INTERFACE lamina_openmp)
endif()

if(LAMINA_SANITIZE)
  target_compile_options(
    lamina_development INTERFACE -fsanitize=${LAMINA_SANITIZE} -fno-sanitize-recover=all
                                 -fno-omit-frame-pointer)
  target_link_options(lamina_development INTERFACE -fsanitize=${LAMINA_SANITIZE})
endif()
