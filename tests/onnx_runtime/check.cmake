# Installs onnxruntime-node below the build folder, once, and runs run.js.
#
#   cmake -DNPM=... -DNODE=... -DFOLDER=<models> -DMODULES=<folder for node_modules> -DVERSION=... -P check.cmake

if(NOT NPM OR NOT NODE)
  message("SKIPPED: no node or npm (scripts/install-dependencies.sh runtime); exported models are NOT run in ONNX Runtime")
  return()
endif()

set(package "${MODULES}/node_modules/onnxruntime-node/package.json")
if(NOT EXISTS "${package}")
  file(MAKE_DIRECTORY "${MODULES}")
  file(WRITE "${MODULES}/package.json" "{\"private\": true}\n")
  # --ignore-scripts: the package has its libraries for processors in it; its script fetches those for GPUs.
  execute_process(
    COMMAND "${NPM}" install --no-audit --no-fund --ignore-scripts "onnxruntime-node@${VERSION}"
    WORKING_DIRECTORY "${MODULES}" TIMEOUT 400 RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT failed EQUAL 0 OR NOT EXISTS "${package}")
    message("SKIPPED: npm cannot install onnxruntime-node ${VERSION}; exported models are NOT run in ONNX Runtime:\n${output}")
    return()
  endif()
endif()

execute_process(COMMAND "${NODE}" "${CMAKE_CURRENT_LIST_DIR}/run.js" "${FOLDER}" "${MODULES}" RESULT_VARIABLE failed)
if(NOT failed EQUAL 0)
  message(FATAL_ERROR "ONNX Runtime computes something else, or refuses a model")
endif()
