# What lamina/io/onnx.hpp needs: the official protocol buffers of ONNX in C++ (Debian's libonnx-dev, libprotobuf-dev). Used by
# the project itself and by the installed package.
#
# Sets lamina_onnx_missing to what is missing, to nothing when all is there, and then defines lamina::onnx_definitions.

set(lamina_onnx_missing "")
if(NOT TARGET lamina::onnx_definitions)
  if(NOT TARGET protobuf::libprotobuf)
    find_package(Protobuf CONFIG QUIET)
    if(NOT TARGET protobuf::libprotobuf)
      find_package(Protobuf QUIET)
    endif()
  endif()
  # Not through ONNX's own package, which in Debian names libraries that its package does not have.
  find_path(LAMINA_ONNX_INCLUDE_DIR onnx/onnx_pb.h)
  find_library(LAMINA_ONNX_LIBRARY onnx_proto)
  mark_as_advanced(LAMINA_ONNX_INCLUDE_DIR LAMINA_ONNX_LIBRARY)
  if(NOT TARGET protobuf::libprotobuf)
    list(APPEND lamina_onnx_missing "protobuf (libprotobuf-dev)")
  endif()
  if(NOT LAMINA_ONNX_INCLUDE_DIR)
    list(APPEND lamina_onnx_missing "onnx/onnx_pb.h (libonnx-dev)")
  endif()
  if(NOT LAMINA_ONNX_LIBRARY)
    list(APPEND lamina_onnx_missing "libonnx_proto (libonnx-dev)")
  endif()
  list(JOIN lamina_onnx_missing ", " lamina_onnx_missing)
  if(NOT lamina_onnx_missing)
    # Imported, so that its headers are system headers and give no warnings.
    add_library(lamina::onnx_definitions INTERFACE IMPORTED GLOBAL)
    set_target_properties(
      lamina::onnx_definitions
      PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${LAMINA_ONNX_INCLUDE_DIR}"
                 INTERFACE_COMPILE_DEFINITIONS "ONNX_ML=1;ONNX_NAMESPACE=onnx"
                 INTERFACE_LINK_LIBRARIES "${LAMINA_ONNX_LIBRARY};protobuf::libprotobuf")
  endif()
endif()
