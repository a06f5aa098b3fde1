// Every kernel: BART_KERNEL(name, threads of a block, arguments, implementation). This file is included
// wherever all of them are needed, with the macro defined there, and has no include guard.

#define BART_CONVOLUTIONS(name, arithmetic)                                                                  \
  BART_KERNEL(convolution_wide_##name, 128, ConvolutionArguments, Convolution<Arithmetic::arithmetic, 2, 2>) \
  BART_KERNEL(convolution_narrow_##name, 128, ConvolutionArguments,                                          \
              Convolution<Arithmetic::arithmetic, 4, 1>)                                                     \
  BART_KERNEL(weight_gradient_##name, 128, WeightGradientArguments,                                          \
              WeightGradient<Arithmetic::arithmetic, 2, 2>)                                                  \
  BART_KERNEL(weight_gradient_flat_##name, 128, WeightGradientArguments,                                     \
              WeightGradient<Arithmetic::arithmetic, 1, 4>)

BART_CONVOLUTIONS(f32, f32)
BART_CONVOLUTIONS(tf32, tf32)
BART_CONVOLUTIONS(bf16, bf16)
#undef BART_CONVOLUTIONS

BART_KERNEL(linear_forward, 128, MatrixArguments, MatrixProduct<1, 4, false, false>)
BART_KERNEL(linear_input_gradient, 128, MatrixArguments, MatrixProduct<1, 4, false, true>)
BART_KERNEL(linear_weight_gradient, 128, MatrixArguments, MatrixProduct<2, 2, true, true>)
BART_KERNEL(add_pieces, 256, AddPiecesArguments, AddPieces)
BART_KERNEL(hidden_forward, 256, HiddenArguments, HiddenForward)
BART_KERNEL(hidden_gradient, 256, HiddenGradientArguments, HiddenGradient)
BART_KERNEL(column_sums, 256, ColumnSumsArguments, ColumnSums)
BART_KERNEL(turn_weights, 256, TurnWeightsArguments, TurnWeights)

BART_KERNEL(norm_statistics, 256, NormSumsArguments, NormStatistics)
BART_KERNEL(norm_running, 256, NormArguments, NormRunning)
BART_KERNEL(norm_gradients, 256, NormSumsArguments, NormGradients)

// Those of activations that are floats, and of those that are Bf16.
#define BART_ACTIVATIONS(name, Activation)                                                      \
  BART_KERNEL(pictures_to_input_##name, 256, InputArguments, PicturesToInput<Activation>)       \
  BART_KERNEL(norm_sums_##name, 256, NormSumsArguments, NormSums<Activation>)                   \
  BART_KERNEL(norm_relu_##name, 256, NormalizeArguments, NormRelu<Activation, Activation>)      \
  BART_KERNEL(relu_gradient_sums_##name, 256, NormSumsArguments, ReluGradientSums<Activation>)  \
  BART_KERNEL(norm_relu_backward_##name, 256, NormalizeArguments, NormReluBackward<Activation>) \
  BART_POOLED(name, Activation, Activation)
#define BART_POOLED(name, Activation, Output)                                                          \
  BART_KERNEL(norm_relu_pool_##name, 256, NormalizeArguments, NormReluPool<Activation, Output>)        \
  BART_KERNEL(pool_gradient_sums_##name, 256, NormSumsArguments, PoolGradientSums<Activation, Output>) \
  BART_KERNEL(norm_relu_pool_backward_##name, 256, NormalizeArguments,                                 \
              NormReluPoolBackward<Activation, Output>)

BART_ACTIVATIONS(f32, float)
BART_ACTIVATIONS(bf16, Bf16)
// Of the last block, since linear layers take floats, and for whoever looks at its last convolution.
BART_POOLED(bf16_f32, Bf16, float)
BART_KERNEL(norm_relu_bf16_f32, 256, NormalizeArguments, NormRelu<Bf16, float>)
#undef BART_ACTIVATIONS
#undef BART_POOLED

BART_KERNEL(cross_entropy_loss, 256, LossArguments, CrossEntropyLoss)
BART_KERNEL(gradient_squares, 256, GradientNormArguments, GradientSquares)
BART_KERNEL(gradient_norm, 256, GradientNormArguments, GradientNorm)
BART_KERNEL(optimizer_step, 256, OptimizerArguments, OptimizerStep)
BART_KERNEL(move_average, 256, AverageArguments, MoveAverage)
