"""Write the served model: ONNX with the tensor contract."""
