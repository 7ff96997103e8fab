"""Distance of a volume from the one it should be: MSE, PSNR, SSIM, Fourier shells, damage."""
